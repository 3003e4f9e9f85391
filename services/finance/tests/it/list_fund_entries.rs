use proto::{
    api::v1::post::{Level, Role},
    finance::v1::{FundEntry, ListFundEntriesRequest, fund_entry::Kind, fund_service_server::FundService},
};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::harness::{ANOTHER, COMPOUND, Post, World, ask, reason};

async fn list(world: &World, post: Post<'_>, page_size: i32) -> Result<Vec<FundEntry>, Status> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let message = ListFundEntriesRequest { place_id: world.place.to_string(), page_size, page_token };
        let request = ask(world.district, Uuid::now_v7(), post, "FundService/ListFundEntries", message);
        let page = world.funds().list_fund_entries(request).await?.into_inner();
        all.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

#[tokio::test]
async fn residents_read_every_entry_newest_first_in_pages() {
    let world = World::new().await;
    let mut made = Vec::new();
    for amount in [500, 300, 200] {
        made.insert(0, world.record(world.entry(Kind::Income, "REPAIR", amount)).await.unwrap());
    }
    made.insert(0, world.record(world.entry(Kind::Spending, "REPAIR", 900)).await.unwrap());
    let home = (Role::Resident, "gn.xy.sh.01.03.2.301", Level::Household);
    for size in [0, 1, 2, 3, 4] {
        assert_eq!(list(&world, home, size).await.unwrap(), made);
    }
    assert_eq!((made[0].balance_after_fen, made[0].recorded_by_name.as_str()), (100, "王经理"));
}

#[tokio::test]
async fn nobody_elses_residents_read_the_entries() {
    let world = World::new().await;
    world.record(world.entry(Kind::Income, "REPAIR", 500)).await.unwrap();
    let refusal = list(&world, (Role::Resident, ANOTHER, Level::Compound), 0).await.unwrap_err();
    assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::PermissionDenied, "PLACE_NOT_ALLOWED"));
    // a path that only begins with the same letters is another place
    let refusal = list(&world, (Role::Resident, &format!("{COMPOUND}1.03"), Level::Building), 0).await.unwrap_err();
    assert_eq!(reason(&refusal), "PLACE_NOT_ALLOWED");
}
