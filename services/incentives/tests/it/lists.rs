use std::collections::HashSet;

use chassis::paging;
use proto::incentives::v1::{
    ListPointsEntriesRequest, ListPrizesRequest, ListRedemptionsRequest, PointsEntry, points_entry::Bucket,
    points_service_server::PointsService, prize_service_server::PrizeService,
    redemption_service_server::RedemptionService,
};
use uuid::Uuid;

use crate::{
    cancel::cancel,
    hand_over::reserved,
    harness::{World, reason},
    redeem::redeem,
};

async fn entries(world: &World, person: Uuid, page_size: i32) -> Vec<PointsEntry> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListPointsEntriesRequest { page_size, page_token };
        let request = world.ask(person, "PointsService/ListPointsEntries", asked);
        let page = world.points().list_points_entries(request).await.unwrap().into_inner();
        assert!(page.entries.len() <= usize::try_from(page_size).unwrap());
        all.extend(page.entries);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

#[tokio::test]
async fn entries_tell_newest_first_what_happened_to_each_bucket() {
    let world = World::new().await;
    let (prize, person) = (world.prize("手套", 10, 5).await, Uuid::now_v7());
    world.earn(person, 10).await;
    let id = Uuid::now_v7();
    redeem(&world, person, id, prize, 1).await.unwrap();
    cancel(&world, person, id).await.unwrap();
    let entries = entries(&world, person, 200).await;
    let told: Vec<_> = entries.iter().map(|e| (e.kind.as_str(), e.bucket(), e.amount, e.balance_after)).collect();
    assert_eq!(
        told,
        [
            ("RETURN", Bucket::Available, 10, 10),
            ("RETURN", Bucket::Reserved, -10, 0),
            ("RESERVE", Bucket::Reserved, 10, 10),
            ("RESERVE", Bucket::Available, -10, 0),
            ("ACTIVATE", Bucket::Available, 10, 10),
            ("ACTIVATE", Bucket::Pending, -10, 0),
            ("AWARD", Bucket::Pending, 10, 10),
        ]
    );
    assert_eq!(entries[6].text, "上报 GN261123-000042 被受理，积分待生效");
    assert_eq!(entries[0].text, "取消兑换“手套”1 件，积分退回");
    assert!(entries[6].ticket_id.is_some() && entries[0].redemption_id == Some(id.to_string()));
}

#[tokio::test]
async fn pages_of_entries_are_the_whole_without_a_gap_or_a_double() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    for _ in 0..5 {
        world.earn(person, 10).await;
        world.earn(Uuid::now_v7(), 10).await;
    }
    let whole = entries(&world, person, 200).await;
    assert_eq!(whole.len(), 15);
    for size in [1, 2, 3, 7] {
        assert_eq!(entries(&world, person, size).await, whole);
    }
    assert_eq!(whole.iter().map(|entry| &entry.entry_id).collect::<HashSet<_>>().len(), 15);
}

#[tokio::test]
async fn prizes_come_cheapest_first_in_pages() {
    let world = World::new().await;
    for (name, points) in [("c", 30), ("a", 10), ("b", 20), ("d", 20)] {
        world.prize(name, points, 1).await;
    }
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListPrizesRequest { page_size: 3, page_token };
        let request = world.ask(Uuid::now_v7(), "PrizeService/ListPrizes", asked);
        let page = world.prizes().list_prizes(request).await.unwrap().into_inner();
        all.extend(page.prizes.into_iter().map(|prize| prize.points));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(all, [10, 20, 20, 30]);
}

#[tokio::test]
async fn a_member_sees_own_redemptions_with_codes_newest_first() {
    let world = World::new().await;
    let (prize, person) = (world.prize("手套", 10, 9).await, Uuid::now_v7());
    world.earn(person, 50).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, redeem(&world, person, Uuid::now_v7(), prize, 1).await.unwrap());
        world.state.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = ListRedemptionsRequest { page_size: 2, page_token };
        let request = world.ask(person, "RedemptionService/ListRedemptions", asked);
        let page = world.redemptions().list_redemptions(request).await.unwrap().into_inner();
        all.extend(page.redemptions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    // lists do without the drawings
    for redemption in &mut made {
        redemption.qr_text.clear();
        redemption.qr_svg.clear();
    }
    assert_eq!(all, made);
    let asked = ListRedemptionsRequest::default();
    let request = world.ask(Uuid::now_v7(), "RedemptionService/ListRedemptions", asked);
    assert!(world.redemptions().list_redemptions(request).await.unwrap().into_inner().redemptions.is_empty());
}

#[tokio::test]
async fn a_foreign_page_token_is_refused() {
    let world = World::new().await;
    let asked = ListPrizesRequest { page_size: 0, page_token: "x".to_owned() };
    let request = world.ask(Uuid::now_v7(), "PrizeService/ListPrizes", asked);
    assert_eq!(reason(&world.prizes().list_prizes(request).await.unwrap_err()), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn a_made_up_page_token_is_refused_or_empty_but_never_a_failure() {
    let world = World::new().await;
    let (_, person, _) = reserved(&world).await;
    let id = Uuid::now_v7();
    let far = [chrono::DateTime::<chrono::Utc>::MAX_UTC, chrono::DateTime::<chrono::Utc>::MIN_UTC];
    let mut tokens = vec![paging::encode(&(i64::MAX, id)), paging::encode(&(i64::MIN, id)), paging::encode(&"\0")];
    tokens.extend(far.map(|at| paging::encode(&(at, id))));
    for page_token in tokens {
        let asked = ListRedemptionsRequest { page_token, ..ListRedemptionsRequest::default() };
        let request = world.ask(person, "RedemptionService/ListRedemptions", asked);
        let refused = world.redemptions().list_redemptions(request).await.unwrap_err();
        assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
    }
    for page_token in [paging::encode(&(i64::MAX, i32::MAX)), paging::encode(&(i64::MIN, i32::MIN))] {
        let asked = ListPointsEntriesRequest { page_token, ..ListPointsEntriesRequest::default() };
        let request = world.ask(person, "PointsService/ListPointsEntries", asked);
        world.points().list_points_entries(request).await.unwrap();
    }
    for wrong in [paging::encode(&(u64::MAX, 0)), paging::encode(&(0, i64::MAX)), paging::encode(&(0, "\0"))] {
        let asked = ListPointsEntriesRequest { page_token: wrong, ..ListPointsEntriesRequest::default() };
        let request = world.ask(person, "PointsService/ListPointsEntries", asked);
        let refused = world.points().list_points_entries(request).await.unwrap_err();
        assert_eq!(reason(&refused), "PAGE_TOKEN_INVALID");
    }
}
