use proto::incentives::v1::{Month, ReturnMonthRequest, month::State, month_service_server::MonthService};
use tonic::Status;
use uuid::Uuid;

use crate::{
    audit::audit,
    harness::{World, field, reason},
    months::{approve, get, november},
};

pub async fn give_back(world: &World, by: Uuid, version: i32) -> Result<Month, Status> {
    let request = ReturnMonthRequest { month: "2026-11".into(), reason: "第二名金额有误".into(), version };
    let request = world.admin(by, "MonthService/ReturnMonth", request);
    Ok(world.months().return_month(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_returned_is_named_and_a_repetition_takes_no_later_approval_back() {
    let world = World::new().await;
    november(&world).await;
    let [one, other] = [(); 2].map(|()| Uuid::now_v7());
    assert_eq!(get(&world, one).await.unwrap().version, 1);
    assert_eq!(reason(&give_back(&world, one, 1).await.unwrap_err()), "MONTH_MOVED", "there is nothing to take back");
    assert_eq!(field(&give_back(&world, one, -1).await.unwrap_err()), "version");
    let once = approve(&world, one).await.unwrap();
    assert_eq!(
        (once.version, approve(&world, one).await.unwrap().version),
        (2, 2),
        "what changes nothing counts as nothing"
    );
    let approved = approve(&world, other).await.unwrap();
    assert_eq!(
        reason(&give_back(&world, one, once.version).await.unwrap_err()),
        "MONTH_MOVED",
        "it was approved since"
    );
    let (a, b) = tokio::join!(give_back(&world, one, approved.version), give_back(&world, one, approved.version));
    for returned in [a.unwrap(), b.unwrap()] {
        assert_eq!(
            (returned.state(), returned.version, returned.reason.as_str()),
            (State::Closed, 4, "第二名金额有误")
        );
    }
    assert_eq!(
        reason(&give_back(&world, other, approved.version).await.unwrap_err()),
        "MONTH_MOVED",
        "they took nothing back"
    );
    // of the same two, for the same reason: once as a late repetition, once honestly
    let (a, b) = tokio::join!(approve(&world, one), approve(&world, other));
    assert!(a.is_ok() && b.is_ok());
    let late = give_back(&world, one, approved.version).await.unwrap();
    assert_eq!((late.state(), late.version), (State::Approved, 6), "a late repetition takes no later approval back");
    let again = give_back(&world, one, late.version).await.unwrap();
    assert_eq!((again.state(), again.version), (State::Closed, 7));
    assert_eq!(
        reason(&give_back(&world, one, approved.version).await.unwrap_err()),
        "MONTH_MOVED",
        "of two returns ago"
    );
    audit(&world.pool).await;
}
