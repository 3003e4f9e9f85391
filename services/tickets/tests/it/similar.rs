use chrono::TimeDelta;
use proto::{
    residents::v1::location::Crs,
    tickets::v1::{
        FindSimilarRequest, KeepPhotoRequest, ListDuplicatesRequest, MergeRequest, ReportRequest, SimilarTickets,
        precedent_service_server::PrecedentService, ticket_service_server::TicketService,
    },
};
use tickets::rpc::precedents::PrecedentRpc;
use tonic::{Request, Status};

use crate::harness::{NEEDS_NO_PHOTO, World, answer, at, field, people::Person, reason, report};

fn here(category_code: &str) -> FindSimilarRequest {
    FindSimilarRequest {
        category_code: category_code.into(),
        lng: Some(130.2351),
        lat: Some(47.335),
        crs: Crs::Gcj02.into(),
        ..Default::default()
    }
}

async fn find(world: &World, person: &Person, request: FindSimilarRequest) -> Result<SimilarTickets, Status> {
    let rpc = PrecedentRpc(world.replicas[0].0.clone());
    answer(rpc.find_similar(person.asks_of("PrecedentService", "FindSimilar", request)).await)
}

async fn duplicates(world: &World, person: &Person, id: &str) -> Result<SimilarTickets, Status> {
    let rpc = PrecedentRpc(world.replicas[0].0.clone());
    let request = ListDuplicatesRequest { ticket_id: id.into() };
    answer(rpc.list_duplicates(person.asks_of("PrecedentService", "ListDuplicates", request)).await)
}

async fn look(world: &World, person: &Person, look: i64) -> String {
    let media_id = world.photo(person);
    let (sha256, district_id) = (vec![look.to_le_bytes()[0]; 32], world.gongnong.to_string());
    let request = KeepPhotoRequest { district_id, media_id: media_id.clone(), sha256, look: Some(look) };
    let rpc = PrecedentRpc(world.replicas[0].0.clone());
    rpc.keep_photo(Request::new(request.clone())).await.unwrap();
    rpc.keep_photo(Request::new(request)).await.unwrap();
    media_id
}

#[tokio::test]
async fn an_open_ticket_near_in_place_and_time_is_suggested_before_the_report_is_sent() {
    let world = World::new().await;
    let first = world.pooled().await;
    let far = ReportRequest { location: Some(at(130.238, 47.335)), ..report(NEEDS_NO_PHOTO) };
    world.report(&world.courier, far).await.unwrap();
    let other = Person::courier(world.gongnong);
    let found = find(&world, &other, here(NEEDS_NO_PHOTO)).await.unwrap().similar;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].ticket_id.as_str(), found[0].distance_m), (first.ticket_id.as_str(), Some(8)));
    assert!(found[0].why.contains("同一类别；相距 8 米"), "{}", found[0].why);
    assert!(find(&world, &other, here("85002")).await.unwrap().similar.is_empty(), "another class");
    assert_eq!(find(&world, &other, here("")).await.unwrap().similar.len(), 1, "not classified yet");
    assert!(find(&world, &Person::courier(world.xingshan), here("")).await.unwrap().similar.is_empty());
    world.clock.advance(TimeDelta::hours(13));
    assert!(find(&world, &other, here(NEEDS_NO_PHOTO)).await.unwrap().similar.is_empty(), "12 hours ago at most");
}

#[tokio::test]
async fn without_a_coordinate_the_same_place_counts() {
    let world = World::new().await;
    let place_id = Some(world.compound.to_string());
    let placed = ReportRequest { location: None, place_id: place_id.clone(), ..report(NEEDS_NO_PHOTO) };
    let placed = world.report(&world.courier, placed).await.unwrap().ticket_id;
    let asked = FindSimilarRequest { category_code: NEEDS_NO_PHOTO.into(), place_id, ..Default::default() };
    let found = find(&world, &world.courier, asked).await.unwrap().similar;
    assert_eq!((found.len(), found[0].ticket_id.as_str(), found[0].distance_m), (1, placed.as_str(), None));
    let found = find(&world, &world.courier, here(NEEDS_NO_PHOTO)).await.unwrap().similar;
    assert_eq!(found.len(), 1, "a point in that compound");
    let nowhere = FindSimilarRequest { category_code: NEEDS_NO_PHOTO.into(), ..Default::default() };
    assert_eq!(field(&find(&world, &world.courier, nowhere).await.unwrap_err()), "lng");
    let no_crs = FindSimilarRequest { crs: 0, ..here(NEEDS_NO_PHOTO) };
    assert_eq!(reason(&find(&world, &world.courier, no_crs).await.unwrap_err()), "COORDINATE_SYSTEM_REQUIRED");
}

#[tokio::test]
async fn the_same_picture_makes_a_duplicate_likelier_and_a_merge_ends_it() {
    let world = World::new().await;
    let picture = 0x0123_4567_89ab_cdef_i64;
    let other = Person::courier(world.gongnong);
    let shown = |person: &Person, photo: String| {
        let request = ReportRequest { media_ids: vec![photo], ..report(NEEDS_NO_PHOTO) };
        (person.clone(), request)
    };
    let (person, request) = shown(&world.courier, look(&world, &world.courier, picture).await);
    let first = world.report(&person, request).await.unwrap().ticket_id;
    let (person, request) = shown(&world.courier, look(&world, &world.courier, !picture).await);
    let unlike = world.report(&person, request).await.unwrap().ticket_id;
    // three of the 64 comparisons differ
    let (person, request) = shown(&other, look(&world, &other, picture ^ 0b111).await);
    let second = world.report(&person, request).await.unwrap().ticket_id;
    let found = duplicates(&world, &world.liaison, &second).await.unwrap().similar;
    let told: Vec<_> = found.iter().map(|one| (one.ticket_id.as_str(), one.same_photo)).collect();
    assert_eq!(told, [(first.as_str(), true), (unlike.as_str(), false)]);
    assert!(found[0].score > found[1].score);
    let merge = MergeRequest { ticket_id: second.clone(), parent_ticket_id: first.clone() };
    world.rpc().merge(world.liaison.asks("Merge", merge)).await.unwrap();
    let left = duplicates(&world, &world.liaison, &unlike).await.unwrap().similar;
    let told: Vec<_> = left.iter().map(|one| (one.ticket_id.as_str(), one.co_report_count)).collect();
    assert_eq!(told, [(first.as_str(), 1)], "the merged one is no candidate");
    let elsewhere = Person::liaison(world.gongnong, "gn.hq");
    assert_eq!(reason(&duplicates(&world, &elsewhere, &second).await.unwrap_err()), "PLACE_NOT_ALLOWED");
    let foreign = FindSimilarRequest { media_ids: vec![world.photo(&other)], ..here("") };
    assert_eq!(reason(&find(&world, &world.courier, foreign).await.unwrap_err()), "MEDIA_NOT_YOURS");
}
