use futures::future::join_all;
use proto::incentives::v1::{
    HandOverRequest, Redemption, redemption::State, redemption_service_server::RedemptionService,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    audit::audit,
    cancel::cancel,
    harness::{COMMUNITY, ELSEWHERE, PICKUP, World, fact, field, reason},
    redeem::{balances, redeem, stock},
};

pub async fn hand_over(world: &World, worker: Uuid, place: &str, code: &str) -> Result<Redemption, Status> {
    let asked = HandOverRequest { code: code.to_owned(), handed_over_at: None };
    let request = world.worker(worker, place, "RedemptionService/HandOver", asked);
    world.redemptions().hand_over(request).await.map(tonic::Response::into_inner)
}

/// A member with a reservation of 10 points, the only one of 5 pieces of its prize.
pub async fn reserved(world: &World) -> (Uuid, Uuid, Redemption) {
    let (prize, person) = (world.prize(&Uuid::now_v7().to_string(), 10, 5).await, Uuid::now_v7());
    world.earn(person, 10).await;
    let redemption = redeem(world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    (prize, person, redemption)
}

#[tokio::test]
async fn the_worker_at_the_pick_up_point_hands_over_by_code() {
    let world = World::new().await;
    let (prize, person, redemption) = reserved(&world).await;
    let worker = Uuid::now_v7();
    let answers = join_all((0..5).map(|_| hand_over(&world, worker, COMMUNITY, &redemption.code))).await;
    for answer in answers {
        let given = answer.unwrap();
        assert_eq!(
            (given.redemption_id.as_str(), given.state()),
            (redemption.redemption_id.as_str(), State::HandedOver)
        );
        assert_eq!(given.code, "");
    }
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (4, (0, 0)));
    let other = hand_over(&world, Uuid::now_v7(), COMMUNITY, &redemption.code).await.unwrap_err();
    assert_eq!((reason(&other).as_str(), fact(&other, "state_zh").as_str()), ("REDEMPTION_ENDED", "已领取"));
    let late = cancel(&world, person, redemption.redemption_id.parse().unwrap()).await.unwrap_err();
    assert_eq!(reason(&late), "REDEMPTION_ENDED");
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_hand_over_can_be_repeated_for_a_day() {
    let world = World::new().await;
    let (_, _, redemption) = reserved(&world).await;
    let worker = Uuid::now_v7();
    hand_over(&world, worker, COMMUNITY, &redemption.code).await.unwrap();
    world.state.clock.advance(chrono::TimeDelta::hours(23));
    hand_over(&world, worker, COMMUNITY, &redemption.code).await.unwrap();
    world.state.clock.advance(chrono::TimeDelta::hours(2));
    let gone = hand_over(&world, worker, COMMUNITY, &redemption.code).await.unwrap_err();
    assert_eq!(reason(&gone), "REDEMPTION_NOT_FOUND");
}

#[tokio::test]
async fn a_prize_is_not_handed_over_elsewhere() {
    let world = World::new().await;
    let (_, _, redemption) = reserved(&world).await;
    let refusal = hand_over(&world, Uuid::now_v7(), ELSEWHERE, &redemption.code).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "NOT_YOUR_PICKUP_POINT"));
    assert_eq!(fact(&refusal, "pickup_place"), PICKUP);
    assert_eq!(hand_over(&world, Uuid::now_v7(), PICKUP, &redemption.code).await.unwrap().state(), State::HandedOver);
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_wrong_code_finds_nothing_and_trying_codes_is_stopped() {
    let world = World::new().await;
    let (_, _, redemption) = reserved(&world).await;
    let wrong = if redemption.code == "00000000" { "00000001" } else { "00000000" };
    let worker = Uuid::now_v7();
    let refusal = hand_over(&world, worker, COMMUNITY, wrong).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "REDEMPTION_NOT_FOUND"));
    let refusals = join_all((0..40).map(|_| hand_over(&world, worker, COMMUNITY, wrong))).await;
    let stopped =
        refusals.into_iter().map(Result::unwrap_err).filter(|refusal| refusal.code() == Code::ResourceExhausted);
    let stopped: Vec<Status> = stopped.collect();
    assert!(stopped.len() >= 8, "{} of 40 were stopped", stopped.len());
    assert!(stopped.iter().all(|refusal| reason(refusal) == "CODE_TOO_OFTEN" && !fact(refusal, "seconds").is_empty()));
    let even_right = hand_over(&world, worker, COMMUNITY, &redemption.code).await.unwrap_err();
    assert_eq!(reason(&even_right), "CODE_TOO_OFTEN");
}

#[tokio::test]
async fn handed_over_and_cancelled_at_once_only_one_happens() {
    let world = World::new().await;
    for _ in 0..20 {
        let (_, person, redemption) = reserved(&world).await;
        let id = redemption.redemption_id.parse().unwrap();
        let before = balances(&world, person).await;
        let worker = Uuid::now_v7();
        let (given, cancelled) =
            tokio::join!(hand_over(&world, worker, COMMUNITY, &redemption.code), cancel(&world, person, id));
        assert_eq!(before, (0, 10));
        assert!(given.is_ok() != cancelled.is_ok(), "{given:?} {cancelled:?}");
        assert_eq!(balances(&world, person).await, if cancelled.is_ok() { (10, 0) } else { (0, 0) });
        let refusal = given.err().or(cancelled.err()).unwrap();
        assert_eq!(reason(&refusal), "REDEMPTION_ENDED");
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn nobody_hands_over_to_themself() {
    let world = World::new().await;
    let (_, person, redemption) = reserved(&world).await;
    let refusal = hand_over(&world, person, COMMUNITY, &redemption.code).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "OWN_REDEMPTION"));
    let given = hand_over(&world, Uuid::now_v7(), COMMUNITY, &redemption.code).await.unwrap();
    assert_eq!(given.state(), State::HandedOver);
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_refusal_names_the_field_that_named_nothing() {
    let world = World::new().await;
    let refusal = hand_over(&world, Uuid::now_v7(), COMMUNITY, "00000000").await.unwrap_err();
    assert_eq!((reason(&refusal).as_str(), field(&refusal).as_str()), ("REDEMPTION_NOT_FOUND", "code"));
    let refusal = cancel(&world, Uuid::now_v7(), Uuid::now_v7()).await.unwrap_err();
    assert_eq!((reason(&refusal).as_str(), field(&refusal).as_str()), ("REDEMPTION_NOT_FOUND", "redemption_id"));
}
