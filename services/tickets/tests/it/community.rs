//! 小事不出社区、大事不出街道: a community that cannot solve a matter passes it up.
use proto::{
    api::v1::post::{Level, Role},
    tickets::v1::{HandToCommunityRequest, PassUpRequest, Ticket, ticket::State, ticket_service_server::TicketService},
};
use tonic::Status;

use crate::harness::{World, answer, fact, people::Person, reason, report, state};

const SMALL: &str = "81003";

async fn pass_up(world: &World, person: &Person, id: &str, reason: &str) -> Result<Ticket, Status> {
    let request = PassUpRequest { ticket_id: id.into(), reason: reason.into() };
    answer(world.rpc().pass_up(person.asks("PassUp", request)).await)
}

#[tokio::test]
async fn the_community_passes_a_matter_up_one_level_with_its_reason() {
    let world = World::new().await;
    let worker = Person::worker(world.gongnong);
    assert!([&world.courier, &world.liaison, &world.handler].iter().all(|person| !person.may("PassUp")));
    let id = world.report(&world.courier, report(SMALL)).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let early = pass_up(&world, &worker, &id, "需更换主管道").await.unwrap_err();
    assert_eq!((reason(&early).as_str(), fact(&early, "state").as_str()), ("STATE_CONFLICT", "CLAIMED"));
    let hand = HandToCommunityRequest { ticket_id: id.clone(), text: String::new() };
    let ours = answer(world.rpc().hand_to_community(world.liaison.asks("HandToCommunity", hand)).await).unwrap();
    assert_eq!((state(&ours), ours.level()), (State::Community, Level::Compound));
    let elsewhere = Person::new(world.gongnong, Role::CommunityWorker, "gn.xy.other", None);
    assert_eq!(reason(&pass_up(&world, &elsewhere, &id, "需更换主管道").await.unwrap_err()), "PLACE_NOT_ALLOWED");
    assert_eq!(reason(&pass_up(&world, &worker, &id, "").await.unwrap_err()), "REASON_REQUIRED");
    let passed = pass_up(&world, &worker, &id, "需更换主管道").await.unwrap();
    assert_eq!((state(&passed), passed.level()), (State::Claimed, Level::Community), "one level up");
    assert_eq!((passed.held_by.as_str(), passed.resolve_by), ("street:gn.xy", ours.resolve_by), "the clock runs on");
    assert!(passed.deadlines.iter().any(|deadline| deadline.kind == "DISPATCH"), "{:?}", passed.deadlines);
    assert_eq!(pass_up(&world, &worker, &id, "需更换主管道").await.unwrap().etag, passed.etag, "a repetition");
    assert_eq!(reason(&pass_up(&world, &worker, &id, "另一理由").await.unwrap_err()), "STATE_CONFLICT");
    let told = world.events(&world.liaison, &id).await;
    let last = told.last().unwrap();
    assert_eq!((told.len(), last.transition.as_str(), last.text.as_str()), (4, "T5", "需更换主管道"));
}
