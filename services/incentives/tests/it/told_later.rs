//! Prizes handed out without a network and told later.
use chassis::clock::{Clock, timestamp};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use incentives::sweep::sweep;
use proto::incentives::v1::{
    GetRedemptionRequest, HandOverManyRequest, HandOverRequest, ListRedemptionsRequest, Redemption,
    hand_over_many_response::Outcome, redemption::State, redemption_service_server::RedemptionService,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    audit::audit,
    cancel::cancel,
    hand_over::{hand_over, reserved},
    harness::{COMMUNITY, ELSEWHERE, World, fact, field, reason},
    redeem::{balances, redeem, stock},
};

fn item(code: &str, at: DateTime<Utc>) -> HandOverRequest {
    HandOverRequest { code: code.to_owned(), handed_over_at: Some(timestamp(at)) }
}

pub async fn tell(world: &World, worker: Uuid, code: &str, at: DateTime<Utc>) -> Result<Redemption, Status> {
    let request = world.worker(worker, COMMUNITY, "RedemptionService/HandOver", item(code, at));
    Ok(world.redemptions().hand_over(request).await?.into_inner())
}

async fn tell_many(world: &World, worker: Uuid, items: Vec<HandOverRequest>) -> Result<Vec<Outcome>, Status> {
    let request = world.worker(worker, COMMUNITY, "RedemptionService/HandOverMany", HandOverManyRequest { items });
    Ok(world.redemptions().hand_over_many(request).await?.into_inner().outcomes)
}

async fn get(world: &World, person: Uuid, id: &str) -> Result<Redemption, Status> {
    let request = GetRedemptionRequest { redemption_id: id.to_owned() };
    let request = world.ask(person, "RedemptionService/GetRedemption", request);
    Ok(world.redemptions().get_redemption(request).await?.into_inner())
}

/// How the kinds of a redemption's transfers follow each other.
async fn kinds(world: &World, redemption: &Redemption) -> Vec<String> {
    let kinds = "select kind from incentives.transfer where redemption_id = $1::uuid order by transfer_id";
    sqlx::query_scalar(kinds).bind(&redemption.redemption_id).fetch_all(&world.pool).await.unwrap()
}

/// A reservation that ran out after it was handed out, and when that was; swept or still to be swept.
async fn ran_out(world: &World, swept: bool) -> (Uuid, Uuid, Redemption, DateTime<Utc>) {
    let (prize, person, redemption) = reserved(world).await;
    world.state.clock.advance(TimeDelta::hours(70));
    let happened = world.now();
    world.state.clock.advance(TimeDelta::hours(3));
    if swept {
        assert_eq!(sweep(&world.state).await.unwrap(), 1);
    }
    (prize, person, redemption, happened)
}

#[tokio::test]
async fn what_was_reserved_when_it_was_handed_out_is_handed_over_though_its_hold_ran_out() {
    for swept in [false, true] {
        let world = World::new().await;
        let (prize, person, redemption, happened) = ran_out(&world, swept).await;
        assert_eq!(balances(&world, person).await, if swept { (10, 0) } else { (0, 10) });
        let worker = Uuid::now_v7();
        let given = tell(&world, worker, &redemption.code, happened).await.unwrap();
        assert_eq!((given.state(), given.handed_over_at), (State::HandedOver, Some(timestamp(happened))));
        assert_eq!(given.ended_at, Some(timestamp(world.now())), "when it was told is kept as well");
        assert_eq!((stock(&world, prize).await, balances(&world, person).await), (4, (0, 0)));
        let expected: &[&str] = if swept { &["RESERVE", "RETURN", "HAND_OVER"] } else { &["RESERVE", "HAND_OVER"] };
        assert_eq!(kinds(&world, &redemption).await, expected);
        assert_eq!(sweep(&world.state).await.unwrap(), 0);
        for at in [happened, happened + TimeDelta::minutes(1)] {
            assert_eq!(tell(&world, worker, &redemption.code, at).await.unwrap(), given);
        }
        // the same answer for as long as it could be told at all
        world.state.clock.advance(TimeDelta::hours(60));
        assert_eq!(tell(&world, worker, &redemption.code, happened).await.unwrap(), given);
        let other = tell(&world, Uuid::now_v7(), &redemption.code, happened).await.unwrap_err();
        assert_eq!((reason(&other).as_str(), fact(&other, "state").as_str()), ("REDEMPTION_ENDED", "HANDED_OVER"));
        // and longer, for whoever told it, as they told it
        world.state.clock.advance(TimeDelta::hours(30));
        let again = tell_many(&world, worker, vec![item(&redemption.code, happened)]).await.unwrap();
        assert_eq!((again[0].reason.as_str(), again[0].redemption.as_ref()), ("", Some(&given)));
        for (by, at) in [(Uuid::now_v7(), happened), (worker, happened + TimeDelta::seconds(1))] {
            assert_eq!(field(&tell(&world, by, &redemption.code, at).await.unwrap_err()), "handed_over_at");
        }
        audit(&world.pool).await;
        assert_eq!(incentives::ledger::reconcile(&world.pool).await.unwrap(), []);
    }
}

#[tokio::test]
async fn what_had_run_out_when_it_was_handed_out_is_not() {
    let world = World::new().await;
    let (prize, person, redemption, happened) = ran_out(&world, true).await;
    let late = tell(&world, Uuid::now_v7(), &redemption.code, happened + TimeDelta::hours(2)).await.unwrap_err();
    assert_eq!((reason(&late).as_str(), fact(&late, "state").as_str()), ("REDEMPTION_ENDED", "EXPIRED"));
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (5, (10, 0)));
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_that_tell_the_same_code_at_once_have_one_effect() {
    for swept in [false, true] {
        let world = World::new().await;
        let (prize, person, redemption, happened) = ran_out(&world, swept).await;
        let workers = [(); 2].map(|()| Uuid::now_v7());
        let told = (0..20).map(|n| tell(&world, workers[n % 2], &redemption.code, happened));
        let answers = join_all(told).await;
        let winner = usize::from(answers[0].is_err());
        for (n, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(given) => assert_eq!((given.state(), n % 2), (State::HandedOver, winner)),
                Err(refusal) => assert_eq!((reason(&refusal).as_str(), n % 2), ("REDEMPTION_ENDED", 1 - winner)),
            }
        }
        assert_eq!((stock(&world, prize).await, balances(&world, person).await), (4, (0, 0)));
        audit(&world.pool).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn told_while_it_expires_it_is_handed_over_once() {
    let world = World::new().await;
    for _ in 0..20 {
        let (prize, person, redemption, happened) = ran_out(&world, false).await;
        let worker = Uuid::now_v7();
        let (swept, told) = tokio::join!(sweep(&world.state), tell(&world, worker, &redemption.code, happened));
        assert!(swept.unwrap() <= 1);
        assert_eq!(told.unwrap().state(), State::HandedOver);
        assert_eq!((stock(&world, prize).await, balances(&world, person).await), (4, (0, 0)));
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn points_or_pieces_that_are_gone_are_named_and_nothing_changes() {
    let world = World::new().await;
    let (prize, person, redemption, happened) = ran_out(&world, true).await;
    let other = world.prize("手套", 7, 1).await;
    redeem(&world, person, Uuid::now_v7(), other, 1).await.unwrap();
    let before = (stock(&world, prize).await, balances(&world, person).await);
    for _ in 0..2 {
        let refusal = tell(&world, Uuid::now_v7(), &redemption.code, happened).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::FailedPrecondition, "LATE_POINTS_MISSING"));
        assert_eq!(fact(&refusal, "missing"), "7");
    }
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), before);
    assert_eq!(get(&world, person, &redemption.redemption_id).await.unwrap().state(), State::Expired);
    // the points are there again, but the pieces are somebody else's
    world.earn(person, 20).await;
    let somebody = Uuid::now_v7();
    world.earn(somebody, 50).await;
    redeem(&world, somebody, Uuid::now_v7(), prize, 5).await.unwrap();
    let before = (stock(&world, prize).await, balances(&world, person).await);
    let refusal = tell(&world, Uuid::now_v7(), &redemption.code, happened).await.unwrap_err();
    assert_eq!((reason(&refusal).as_str(), fact(&refusal, "stock").as_str()), ("LATE_STOCK_MISSING", "0"));
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), before);
    audit(&world.pool).await;
}

#[tokio::test]
async fn what_was_cancelled_after_it_was_handed_out_is_charged_and_before_is_not() {
    let world = World::new().await;
    let (prize, person, redemption) = reserved(&world).await;
    world.state.clock.advance(TimeDelta::hours(1));
    let happened = world.now();
    world.state.clock.advance(TimeDelta::hours(1));
    cancel(&world, person, redemption.redemption_id.parse().unwrap()).await.unwrap();
    let refusal = tell(&world, Uuid::now_v7(), &redemption.code, world.now()).await.unwrap_err();
    assert_eq!((reason(&refusal).as_str(), fact(&refusal, "state").as_str()), ("REDEMPTION_ENDED", "CANCELLED"));
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (5, (10, 0)));
    // it was handed out an hour before it was cancelled: nobody has both
    assert_eq!(tell(&world, Uuid::now_v7(), &redemption.code, happened).await.unwrap().state(), State::HandedOver);
    assert_eq!(stock(&world, prize).await, 4);
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_time_that_cannot_be_is_named() {
    let world = World::new().await;
    let (_, _, redemption) = reserved(&world).await;
    let worker = Uuid::now_v7();
    let (ahead, ago) = (TimeDelta::seconds(301), TimeDelta::hours(72) + TimeDelta::seconds(1));
    for at in [world.now() + ahead, world.now() - ago, world.now() - TimeDelta::minutes(6)] {
        let refusal = tell(&world, worker, &redemption.code, at).await.unwrap_err();
        assert_eq!((refusal.code(), field(&refusal).as_str()), (Code::InvalidArgument, "handed_over_at"), "{at}");
    }
    // a device whose clock is four minutes behind: it happened when the code was there
    let given = tell(&world, worker, &redemption.code, world.now() - TimeDelta::minutes(4)).await.unwrap();
    assert_eq!(given.handed_over_at, redemption.created_at);
    audit(&world.pool).await;
}

#[tokio::test]
async fn what_was_told_late_can_be_taken_back_for_a_week_after_it_happened() {
    let world = World::new().await;
    let (prize, person, redemption, happened) = ran_out(&world, true).await;
    tell(&world, Uuid::now_v7(), &redemption.code, happened).await.unwrap();
    let mut behind = world.state.clone();
    behind.clock = Clock::stopped(happened + TimeDelta::days(7) - TimeDelta::seconds(1));
    let request = proto::incentives::v1::TakeBackRequest {
        redemption_id: redemption.redemption_id.clone(),
        restock: true,
        reason: "拉链坏了".into(),
    };
    let asked = || world.worker(Uuid::now_v7(), COMMUNITY, "RedemptionService/TakeBack", request.clone());
    world.state.clock.advance(happened + TimeDelta::days(7) - world.now());
    assert_eq!(reason(&world.redemptions().take_back(asked()).await.unwrap_err()), "REDEMPTION_ENDED");
    let taken = incentives::rpc::Redemptions(behind).take_back(asked()).await.unwrap().into_inner();
    assert_eq!((taken.state(), taken.handed_over_at), (State::Returned, Some(timestamp(happened))));
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (5, (10, 0)));
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_batch_has_an_outcome_for_each_and_can_be_repeated_whole() {
    let world = World::new().await;
    let mut items = Vec::new();
    for _ in 0..40 {
        let (_, _, redemption) = reserved(&world).await;
        items.push(item(&redemption.code, world.now()));
    }
    world.state.clock.advance(TimeDelta::hours(72));
    assert_eq!(sweep(&world.state).await.unwrap(), 40);
    let (_, cancelled_by, cancelled) = reserved(&world).await;
    cancel(&world, cancelled_by, cancelled.redemption_id.parse().unwrap()).await.unwrap();
    items.push(item(&cancelled.code, world.now()));
    items.push(item("12x", world.now()));
    items.push(item(&items[0].code.clone(), world.now() - TimeDelta::hours(72)));
    let worker = Uuid::now_v7();
    let first = tell_many(&world, worker, items.clone()).await.unwrap();
    let told: Vec<_> = first.iter().map(|outcome| outcome.reason.as_str()).collect();
    assert_eq!(told[..40], [""; 40]);
    assert_eq!(told[40..], ["REDEMPTION_ENDED", "FIELD_INVALID", ""]);
    assert_eq!(first[40].message, "这个兑换已经结束（已取消）。");
    assert_eq!(
        (first[42].redemption.clone(), first[42].code.clone()),
        (first[0].redemption.clone(), items[0].code.clone())
    );
    assert_eq!(tell_many(&world, worker, items.clone()).await.unwrap(), first);
    // another device with the same list changes nothing
    let other = tell_many(&world, Uuid::now_v7(), items).await.unwrap();
    assert!(other.iter().all(|outcome| outcome.redemption.is_none() && !outcome.retryable));
    for many in [0, 101] {
        let refusal = tell_many(&world, worker, vec![item("12345678", world.now()); many]).await.unwrap_err();
        assert_eq!(field(&refusal), "items");
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_batch_tries_no_more_codes_than_single_calls_do() {
    let world = World::new().await;
    let (_, _, redemption) = reserved(&world).await;
    let wrong = if redemption.code == "00000000" { "00000001" } else { "00000000" };
    let worker = Uuid::now_v7();
    let mut items = vec![item(wrong, world.now()); 99];
    items.push(item(&redemption.code, world.now()));
    let told = tell_many(&world, worker, items.clone()).await.unwrap();
    let unknown = told.iter().filter(|outcome| outcome.reason == "REDEMPTION_NOT_FOUND").count();
    assert!((29..=40).contains(&unknown), "{unknown} codes were looked at");
    assert!(told[50..].iter().all(|outcome| outcome.reason == "CODE_TOO_OFTEN" && outcome.retryable));
    assert_eq!(reason(&tell_many(&world, worker, items).await.unwrap_err()), "CODE_TOO_OFTEN");
    assert_eq!(reason(&hand_over(&world, worker, COMMUNITY, &redemption.code).await.unwrap_err()), "CODE_TOO_OFTEN");
    assert_eq!(
        get(&world, Uuid::now_v7(), &redemption.redemption_id).await.unwrap_err().code(),
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn the_member_sees_a_qr_code_until_it_is_over_and_its_text_is_as_good_as_the_code() {
    let world = World::new().await;
    let (_, person, redemption) = reserved(&world).await;
    assert_eq!(redemption.qr_text, format!("HEMEI:R:{}", redemption.code));
    assert!(redemption.qr_svg.starts_with("<svg ") && redemption.qr_svg.len() <= 4096);
    assert_eq!(get(&world, person, &redemption.redemption_id).await.unwrap(), redemption);
    let stranger = get(&world, Uuid::now_v7(), &redemption.redemption_id).await.unwrap_err();
    assert_eq!(reason(&stranger), "NOT_YOURS");
    let unknown = get(&world, person, &Uuid::now_v7().to_string()).await.unwrap_err();
    assert_eq!(reason(&unknown), "REDEMPTION_NOT_FOUND");
    let request = world.ask(person, "RedemptionService/ListRedemptions", ListRedemptionsRequest::default());
    let listed = world.redemptions().list_redemptions(request).await.unwrap().into_inner().redemptions;
    assert_eq!((listed[0].code.as_str(), listed[0].qr_svg.as_str()), (redemption.code.as_str(), ""));
    let elsewhere = hand_over(&world, Uuid::now_v7(), ELSEWHERE, &redemption.qr_text).await.unwrap_err();
    assert_eq!(reason(&elsewhere), "NOT_YOUR_PICKUP_POINT");
    let given = hand_over(&world, Uuid::now_v7(), COMMUNITY, &redemption.qr_text).await.unwrap();
    assert_eq!((given.state(), given.qr_text.as_str()), (State::HandedOver, ""));
    let over = get(&world, person, &redemption.redemption_id).await.unwrap();
    assert_eq!((over.code.as_str(), over.qr_text.as_str(), over.qr_svg.as_str()), ("", "", ""));
}
