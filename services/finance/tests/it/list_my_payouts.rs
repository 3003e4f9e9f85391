use proto::{
    api::v1::post::{Level, Role},
    finance::v1::{ListMyPayoutsRequest, payout_service_server::PayoutService},
};
use uuid::Uuid;

use crate::harness::{World, ask, field};

#[tokio::test]
async fn a_member_sees_the_newest_payouts_first_and_all_of_them_page_by_page() {
    let world = World::new().await;
    let (person, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mut ordered = Vec::new();
    for rank in 1..=103 {
        ordered.push(world.award(person, rank, 100).await.to_string());
        // two at one time have an order too
        if rank % 2 == 0 {
            world.state.clock.advance(chrono::TimeDelta::days(1));
        }
    }
    world.award(other, 1, 100).await;
    ordered.reverse();
    let page = async |page_size, page_token: String| {
        let post = (Role::Courier, "gn.xy.sh", Level::Community);
        let request = ListMyPayoutsRequest { page_size, page_token };
        let request = ask(world.district, person, post, "PayoutService/ListMyPayouts", request);
        world.payouts().list_my_payouts(request).await.map(tonic::Response::into_inner)
    };
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(50, token).await.unwrap();
        seen.extend(page.payouts.into_iter().map(|payout| payout.payout_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ordered);
    assert_eq!(field(&page(50, "x".into()).await.unwrap_err()), "page_token");
    assert_eq!(field(&page(201, String::new()).await.unwrap_err()), "page_size");
}
