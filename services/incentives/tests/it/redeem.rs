use std::collections::HashSet;

use chassis::{consumer, feed::Source};
use futures::future::join_all;
use proto::{
    events::v1::Position,
    incentives::v1::{
        RedeemRequest, Redemption, RedemptionChanged, redemption::State, redemption_service_server::RedemptionService,
    },
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{PICKUP, World, fact, field, reason},
};

pub async fn redeem(world: &World, person: Uuid, id: Uuid, prize: Uuid, quantity: i64) -> Result<Redemption, Status> {
    let wanted =
        RedeemRequest { redemption_id: id.to_string(), prize_id: prize.to_string(), quantity, ..Default::default() };
    let request = world.ask(person, "RedemptionService/Redeem", wanted);
    world.redemptions().redeem(request).await.map(tonic::Response::into_inner)
}

pub async fn stock(world: &World, prize: Uuid) -> i64 {
    let stock = sqlx::query_scalar("select stock from incentives.prize where prize_id = $1");
    stock.bind(prize).fetch_one(&world.pool).await.unwrap()
}

pub async fn balances(world: &World, person: Uuid) -> (i64, i64) {
    let request = world.ask(person, "PointsService/GetPoints", proto::incentives::v1::GetPointsRequest::default());
    let points =
        proto::incentives::v1::points_service_server::PointsService::get_points(&world.points(), request).await;
    let points = points.unwrap().into_inner();
    (points.available, points.reserved)
}

#[tokio::test]
async fn stock_and_points_are_reserved_at_once_and_the_code_is_given() {
    let world = World::new().await;
    let (prize, person) = (world.prize("手套", 60, 5).await, Uuid::now_v7());
    world.earn(person, 150).await;
    let redemption = redeem(&world, person, Uuid::now_v7(), prize, 2).await.unwrap();
    assert_eq!((redemption.state(), redemption.points, redemption.quantity), (State::Reserved, 120, 2));
    assert_eq!((redemption.code.len(), redemption.pickup_place_name.as_str()), (8, PICKUP));
    let held = redemption.expires_at.unwrap().seconds - redemption.created_at.unwrap().seconds;
    assert_eq!(held, 72 * 3600);
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (3, (30, 120)));
    audit(&world.pool).await;
}

#[tokio::test]
async fn fifty_callers_redeem_the_last_prize_and_one_wins() {
    let world = World::new().await;
    let prize = world.prize("充电宝", 10, 1).await;
    let people: Vec<Uuid> = (0..50).map(|_| Uuid::now_v7()).collect();
    for person in &people {
        world.earn(*person, 10).await;
    }
    let attempts = people.iter().map(|person| redeem(&world, *person, Uuid::now_v7(), prize, 1));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len(), stock(&world, prize).await), (1, 49, 0));
    for refusal in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!((reason(&refusal).as_str(), fact(&refusal, "stock").as_str()), ("OUT_OF_STOCK", "0"));
        assert_eq!(refusal.code(), Code::FailedPrecondition);
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_member_cannot_spend_points_twice() {
    let world = World::new().await;
    let (prize, person) = (world.prize("大米", 10, 1000).await, Uuid::now_v7());
    world.earn(person, 35).await;
    let attempts = (0..20).map(|_| redeem(&world, person, Uuid::now_v7(), prize, 1));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(attempts).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len(), balances(&world, person).await), (3, 17, (5, 30)));
    for refusal in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!(reason(&refusal), "POINTS_INSUFFICIENT");
    }
    let codes: HashSet<String> = won.into_iter().map(|won| won.unwrap().code).collect();
    assert_eq!((codes.len(), stock(&world, prize).await), (3, 997));
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_refusal_says_how_many_points_are_missing() {
    let world = World::new().await;
    let (prize, person) = (world.prize("大米", 120, 10).await, Uuid::now_v7());
    world.earn(person, 80).await;
    let refusal = redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap_err();
    assert_eq!((fact(&refusal, "available"), fact(&refusal, "missing")), ("80".to_owned(), "40".to_owned()));
    let stranger = redeem(&world, Uuid::now_v7(), Uuid::now_v7(), prize, 1).await.unwrap_err();
    assert_eq!((fact(&stranger, "available"), fact(&stranger, "missing")), ("0".to_owned(), "120".to_owned()));
    assert_eq!(stock(&world, prize).await, 10);
    audit(&world.pool).await;
}

#[tokio::test]
async fn the_same_redemption_twenty_times_is_one() {
    let world = World::new().await;
    let (prize, person, id) = (world.prize("手套", 10, 5).await, Uuid::now_v7(), Uuid::now_v7());
    world.earn(person, 100).await;
    let answers = join_all((0..20).map(|_| redeem(&world, person, id, prize, 1))).await;
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (4, (90, 10)));
    audit(&world.pool).await;
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused() {
    let world = World::new().await;
    let (prize, other, person) = (world.prize("手套", 10, 5).await, world.prize("大米", 10, 5).await, Uuid::now_v7());
    world.earn(person, 100).await;
    let id = Uuid::now_v7();
    redeem(&world, person, id, prize, 1).await.unwrap();
    for (person, prize, quantity) in [(person, other, 1), (person, prize, 2), (Uuid::now_v7(), prize, 1)] {
        let refusal = redeem(&world, person, id, prize, quantity).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::AlreadyExists, "ID_REUSED"));
    }
    assert_eq!(stock(&world, prize).await + stock(&world, other).await, 9);
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_prize_of_another_district_does_not_exist() {
    let world = World::new().await;
    let prize = world.prize("手套", 10, 5).await;
    sqlx::query("update incentives.prize set district_id = $1")
        .bind(Uuid::now_v7())
        .execute(&world.pool)
        .await
        .unwrap();
    for prize in [prize, Uuid::now_v7()] {
        let refusal = redeem(&world, Uuid::now_v7(), Uuid::now_v7(), prize, 1).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "PRIZE_NOT_FOUND"));
        assert_eq!(field(&refusal), "prize_id");
    }
}

#[tokio::test]
async fn a_redemption_is_told_to_the_others() {
    let world = World::new().await;
    let (prize, person) = (world.prize("手套", 5, 1).await, Uuid::now_v7());
    world.earn(person, 5).await;
    redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap();
    let source = Source::local(world.pool.clone(), "incentives");
    let read = async {
        loop {
            let events = source.read(Position::default(), 10).await.unwrap();
            if let Some(event) = events.into_iter().next() {
                return event;
            }
            tokio::task::yield_now().await;
        }
    };
    let event = tokio::time::timeout(std::time::Duration::from_secs(20), read).await.unwrap();
    let told: RedemptionChanged = consumer::payload(&event).unwrap().unwrap();
    assert_eq!((told.person_id.clone(), told.points, told.quantity), (person.to_string(), 5, 1));
    assert_eq!((told.state(), told.at), (State::Reserved, Some(chassis::clock::timestamp(world.now()))));
}
