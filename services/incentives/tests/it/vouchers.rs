use std::collections::HashSet;

use chrono::{NaiveDate, TimeDelta};
use futures::future::join_all;
use incentives::sweep::sweep_vouchers;
use proto::incentives::v1::{
    ImportVoucherCodesRequest, ListPrizesRequest, ListRedemptionsRequest, PutPrizeRequest, RecordStockTakeRequest,
    Redemption, TakeBackRequest, VoucherImport, prize::Kind, prize_service_server::PrizeService, redemption::State,
    redemption_service_server::RedemptionService,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    audit::audit,
    cancel::cancel,
    hand_over::hand_over,
    harness::{COMMUNITY, World, fact, field, reason},
    redeem::{balances, redeem, stock},
};

/// Codes that look like those of a shop.
pub fn codes(from: usize, many: usize) -> Vec<String> {
    (from..from + many).map(|n| format!("ZC-2026-{n:06}")).collect()
}

pub async fn import(
    world: &World,
    (by, id, prize): (Uuid, Uuid, Uuid),
    codes: &[String],
    valid_until: Option<NaiveDate>,
) -> Result<VoucherImport, Status> {
    let (prize_id, import_id) = (prize.to_string(), id.to_string());
    let valid_until = valid_until.map(|day| day.to_string());
    let request = ImportVoucherCodesRequest { prize_id, import_id, codes: codes.to_vec(), valid_until };
    let request = world.admin(by, "PrizeService/ImportVoucherCodes", request);
    Ok(world.prizes().import_voucher_codes(request).await?.into_inner())
}

/// A voucher of 10 points with so many codes.
pub async fn voucher(world: &World, many: usize) -> Uuid {
    let prize = world.voucher("早餐券", 10).await;
    let added = import(world, (Uuid::now_v7(), Uuid::now_v7(), prize), &codes(0, many), None).await.unwrap();
    assert_eq!((usize::try_from(added.added).unwrap(), added.known), (many, vec![]));
    prize
}

pub async fn rich(world: &World, many: usize, points: i64) -> Vec<Uuid> {
    let people: Vec<Uuid> = (0..many).map(|_| Uuid::now_v7()).collect();
    let request = proto::incentives::v1::GrantPointsRequest {
        activity_id: Uuid::now_v7().to_string(),
        name: "扫雪".into(),
        points,
        person_ids: people.iter().map(Uuid::to_string).collect(),
    };
    let request = world.admin(Uuid::now_v7(), "PointsService/GrantPoints", request);
    proto::incentives::v1::points_service_server::PointsService::grant_points(&world.points(), request).await.unwrap();
    people
}

async fn listed(world: &World, person: Uuid) -> Vec<Redemption> {
    let request = world.ask(person, "RedemptionService/ListRedemptions", ListRedemptionsRequest::default());
    world.redemptions().list_redemptions(request).await.unwrap().into_inner().redemptions
}

#[tokio::test]
async fn a_member_gets_a_code_at_once_and_sees_it_for_ever() {
    let world = World::new().await;
    let prize = voucher(&world, 3).await;
    let (person, id) = (rich(&world, 1, 25).await[0], Uuid::now_v7());
    let given = redeem(&world, person, id, prize, 1).await.unwrap();
    assert_eq!(
        (given.state(), given.prize_kind(), given.code.as_str()),
        (State::HandedOver, Kind::Voucher, "ZC-2026-000000")
    );
    assert_eq!((given.expires_at, given.qr_text.as_str(), given.valid_until.as_str()), (None, "", ""));
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (2, (15, 0)));
    for _ in 0..3 {
        assert_eq!(redeem(&world, person, id, prize, 1).await.unwrap(), given);
    }
    world.state.clock.advance(TimeDelta::days(300));
    assert_eq!(listed(&world, person).await, std::slice::from_ref(&given));
    let request = proto::incentives::v1::GetRedemptionRequest { redemption_id: id.to_string() };
    let own = world.ask(person, "RedemptionService/GetRedemption", request.clone());
    assert_eq!(world.redemptions().get_redemption(own).await.unwrap().into_inner(), given);
    let other = world.ask(Uuid::now_v7(), "RedemptionService/GetRedemption", request);
    assert_eq!(world.redemptions().get_redemption(other).await.unwrap_err().code(), Code::PermissionDenied);
    let two = redeem(&world, person, Uuid::now_v7(), prize, 2).await.unwrap_err();
    assert_eq!((two.code(), field(&two).as_str()), (Code::InvalidArgument, "quantity"));
    audit(&world.pool).await;
    assert_eq!(incentives::ledger::reconcile(&world.pool).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_race_for_ten_codes_and_ten_get_one_each() {
    let world = World::new().await;
    let prize = voucher(&world, 10).await;
    let people = rich(&world, 50, 10).await;
    let ids: Vec<Uuid> = people.iter().map(|_| Uuid::now_v7()).collect();
    // everybody twice, as with an answer that was lost
    let wanted = (0..100).map(|n| redeem(&world, people[n % 50], ids[n % 50], prize, 1));
    let answers = join_all(wanted).await;
    let mut of_person = vec![HashSet::new(); 50];
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(given) => drop(of_person[n % 50].insert(given.code)),
            Err(refusal) => {
                assert_eq!((reason(&refusal).as_str(), fact(&refusal, "stock").as_str()), ("OUT_OF_STOCK", "0"));
            }
        }
    }
    assert!(of_person.iter().all(|codes| codes.len() <= 1), "nobody gets two");
    let winners = of_person.iter().filter(|codes| !codes.is_empty()).count();
    let given: HashSet<&String> = of_person.iter().flatten().collect();
    assert_eq!((winners, given.len(), stock(&world, prize).await), (10, 10, 0));
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_pay_keeps_no_code_from_those_who_can() {
    let world = World::new().await;
    let prize = voucher(&world, 5).await;
    let (poor, rich) = (rich(&world, 20, 9).await, rich(&world, 5, 10).await);
    let wanted = poor.iter().chain(&rich).map(|person| redeem(&world, *person, Uuid::now_v7(), prize, 1));
    let answers = join_all(wanted).await;
    for refusal in answers.iter().take(20) {
        let refusal = reason(refusal.as_ref().unwrap_err());
        assert!(["POINTS_INSUFFICIENT", "OUT_OF_STOCK"].contains(&refusal.as_str()), "{refusal}");
    }
    assert!(answers.iter().skip(20).all(Result::is_ok));
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_voucher_is_not_cancelled_taken_back_or_counted() {
    let world = World::new().await;
    let prize = voucher(&world, 3).await;
    let person = rich(&world, 1, 10).await[0];
    let given = redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    let cancelled = cancel(&world, person, given.redemption_id.parse().unwrap()).await.unwrap_err();
    assert_eq!((cancelled.code(), reason(&cancelled).as_str()), (Code::FailedPrecondition, "VOUCHER_GIVEN"));
    let worker = Uuid::now_v7();
    let (redemption_id, reason_text) = (given.redemption_id.clone(), "不想要了".to_owned());
    let request = TakeBackRequest { redemption_id, restock: true, reason: reason_text };
    let request = world.worker(worker, COMMUNITY, "RedemptionService/TakeBack", request);
    assert_eq!(reason(&world.redemptions().take_back(request).await.unwrap_err()), "VOUCHER_GIVEN");
    let (prize_id, stock_take_id) = (prize.to_string(), Uuid::now_v7().to_string());
    let request = RecordStockTakeRequest { prize_id, stock_take_id, counted: 9, ..Default::default() };
    let request = world.worker(worker, COMMUNITY, "PrizeService/RecordStockTake", request);
    assert_eq!(reason(&world.prizes().record_stock_take(request).await.unwrap_err()), "VOUCHER_NOT_COUNTED");
    assert_eq!(field(&hand_over(&world, worker, COMMUNITY, &given.code).await.unwrap_err()), "code");
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (2, (0, 0)));
    audit(&world.pool).await;
}

#[tokio::test]
async fn the_code_that_ends_first_is_given_first_and_none_after_its_last_day() {
    let world = World::new().await;
    let (prize, today) = (world.voucher("早餐券", 10).await, world.state.clock.today());
    let days = [None, Some(today + TimeDelta::days(1)), Some(today)];
    for (n, day) in days.into_iter().enumerate() {
        import(&world, (Uuid::now_v7(), Uuid::now_v7(), prize), &codes(10 * n, 2), day).await.unwrap();
    }
    let person = rich(&world, 1, 100).await[0];
    let given = redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    assert_eq!((given.code.as_str(), given.valid_until), ("ZC-2026-000020", today.to_string()));
    world.state.clock.advance(TimeDelta::days(1));
    // one code of yesterday is left, and not swept yet
    let given = redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    assert_eq!(given.code, "ZC-2026-000010");
    assert_eq!((stock(&world, prize).await, sweep_vouchers(&world.state).await.unwrap()), (4, 1));
    assert_eq!((stock(&world, prize).await, sweep_vouchers(&world.state).await.unwrap()), (3, 0));
    world.state.clock.advance(TimeDelta::days(1));
    for left in ["1", "0"] {
        let _given = redeem(&world, person, Uuid::now_v7(), prize, 1).await;
        let poor = redeem(&world, Uuid::now_v7(), Uuid::now_v7(), prize, 1).await.unwrap_err();
        assert!(
            left == "1" || (reason(&poor), fact(&poor, "stock")) == ("OUT_OF_STOCK".into(), "0".into()),
            "{poor:?}"
        );
    }
    assert_eq!(stock(&world, prize).await, 1, "the code of a past day, until it is swept");
    assert_eq!((sweep_vouchers(&world.state).await.unwrap(), stock(&world, prize).await), (1, 0));
    let request = world.ask(person, "PrizeService/ListPrizes", ListPrizesRequest::default());
    let shown = world.prizes().list_prizes(request).await.unwrap().into_inner().prizes;
    assert_eq!((shown[0].kind(), shown[0].stock), (Kind::Voucher, 0));
    audit(&world.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_a_month_holds_for_vouchers_too() {
    let world = World::new().await;
    let prize = voucher(&world, 10).await;
    let person = rich(&world, 1, 100).await[0];
    let (prize_id, points, hold_hours) = (prize.to_string(), 10, 72);
    let edit =
        PutPrizeRequest { prize_id, points, hold_hours, per_person_month: 2, active: true, ..Default::default() };
    let edited = world.prizes().put_prize(world.admin(Uuid::now_v7(), "PrizeService/PutPrize", edit)).await.unwrap();
    assert_eq!(edited.into_inner().kind(), Kind::Voucher);
    let answers = join_all((0..8).map(|_| redeem(&world, person, Uuid::now_v7(), prize, 1))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    assert!(answers.into_iter().filter_map(Result::err).all(|refusal| reason(&refusal) == "PRIZE_LIMIT"));
    audit(&world.pool).await;
}
