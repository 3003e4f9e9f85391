use futures::future::join_all;
use proto::incentives::v1::{
    CancelRequest, Redemption, redemption::State, redemption_service_server::RedemptionService,
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{World, reason},
    redeem::{balances, redeem, stock},
};

pub async fn cancel(world: &World, person: Uuid, id: Uuid) -> Result<Redemption, Status> {
    let request = world.ask(person, "RedemptionService/Cancel", CancelRequest { redemption_id: id.to_string() });
    world.redemptions().cancel(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_cancelled_redemption_gives_both_back_however_often_it_is_cancelled() {
    let world = World::new().await;
    let (prize, person, id) = (world.prize("手套", 10, 5).await, Uuid::now_v7(), Uuid::now_v7());
    world.earn(person, 30).await;
    redeem(&world, person, id, prize, 2).await.unwrap();
    let answers = join_all((0..10).map(|_| cancel(&world, person, id))).await;
    for answer in answers {
        let cancelled = answer.unwrap();
        assert_eq!((cancelled.state(), cancelled.code.as_str()), (State::Cancelled, ""));
    }
    assert_eq!((stock(&world, prize).await, balances(&world, person).await), (5, (30, 0)));
    let again = redeem(&world, person, id, prize, 2).await.unwrap();
    assert_eq!(again.state(), State::Cancelled);
    audit(&world.pool).await;
}

#[tokio::test]
async fn nobody_cancels_what_is_not_theirs() {
    let world = World::new().await;
    let (prize, person, id) = (world.prize("手套", 10, 5).await, Uuid::now_v7(), Uuid::now_v7());
    world.earn(person, 30).await;
    redeem(&world, person, id, prize, 1).await.unwrap();
    let other = cancel(&world, Uuid::now_v7(), id).await.unwrap_err();
    assert_eq!((other.code(), reason(&other).as_str()), (Code::PermissionDenied, "NOT_YOURS"));
    let unknown = cancel(&world, person, Uuid::now_v7()).await.unwrap_err();
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "REDEMPTION_NOT_FOUND"));
    let message = CancelRequest { redemption_id: id.to_string() };
    let post = (proto::api::v1::post::Role::Courier, "xs", proto::api::v1::post::Level::District);
    let request = crate::harness::ask(Uuid::now_v7(), person, post, "RedemptionService/Cancel", message);
    let foreign = world.redemptions().cancel(request).await.unwrap_err();
    assert_eq!((foreign.code(), reason(&foreign).as_str()), (Code::NotFound, "REDEMPTION_NOT_FOUND"));
    assert_eq!(stock(&world, prize).await, 4);
}
