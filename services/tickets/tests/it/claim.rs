use std::sync::Arc;

use proto::tickets::v1::{ClaimRequest, ticket::State, ticket_service_server::TicketService};
use tonic::Code;
use uuid::Uuid;

use crate::harness::{TIMERS, World, answer, fact, people::Person, reason, state};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_liaison_gets_the_ticket() {
    let world = Arc::new(World::new().await);
    let ticket = world.pooled().await;
    let mut names = Vec::new();
    let mut asked = Vec::new();
    for turn in 0..50 {
        let (world, id) = (world.clone(), ticket.ticket_id.clone());
        let liaison = Person::liaison(world.gongnong, "gn.xy");
        let name = format!("联络员{turn}");
        world.name(&liaison, &name).await;
        names.push(name);
        asked.push(async move {
            answer(world.replicas[turn % 2].claim(liaison.asks("Claim", ClaimRequest { ticket_id: id })).await)
        });
    }
    let asked: Vec<_> = asked.into_iter().map(tokio::spawn).collect();
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for answer in asked {
        match answer.await.unwrap() {
            Ok(ticket) => won.push(ticket),
            Err(status) => lost.push(status),
        }
    }
    assert_eq!((won.len(), lost.len()), (1, 49));
    assert!(names.contains(&won[0].claimed_by_name));
    for status in &lost {
        assert_eq!((status.code(), reason(status).as_str()), (Code::FailedPrecondition, "ALREADY_CLAIMED"));
        assert_eq!(fact(status, "claimed_by"), won[0].claimed_by_name);
        assert_eq!(fact(status, "claimed_at"), "2026-11-23 09:00");
        assert_eq!(
            [fact(status, "state"), fact(status, "state_zh"), fact(status, "etag")],
            ["CLAIMED", "已认领", "\"2\""]
        );
    }
    let winner = world.get(&world.liaison, &ticket.ticket_id).await.unwrap();
    assert_eq!((state(&winner), winner.etag.as_str()), (State::Claimed, "\"2\""));
    assert_eq!((world.count("event").await, world.count("outbox").await, world.count(TIMERS).await), (2, 2, 1));
}

#[tokio::test]
async fn a_ticket_of_another_district_does_not_exist_and_one_of_another_street_is_not_theirs() {
    let world = World::new().await;
    let ticket = world.pooled().await;
    let foreign = world.claim(&Person::liaison(world.xingshan, "xs.yh"), &ticket.ticket_id).await.unwrap_err();
    assert_eq!((foreign.code(), reason(&foreign).as_str()), (Code::NotFound, "TICKET_NOT_FOUND"));
    let unknown = world.claim(&world.liaison, &Uuid::now_v7().to_string()).await.unwrap_err();
    assert_eq!((unknown.code(), unknown.message()), (foreign.code(), foreign.message()), "not to be told apart");
    for street in ["gn.hq", "gn.x"] {
        let other = world.claim(&Person::liaison(world.gongnong, street), &ticket.ticket_id).await.unwrap_err();
        assert_eq!((other.code(), reason(&other).as_str()), (Code::PermissionDenied, "PLACE_NOT_ALLOWED"));
    }
    assert_eq!(world.count("event").await, 1);
}

#[tokio::test]
async fn a_stale_etag_is_refused_and_the_repeated_claim_still_succeeds() {
    let world = World::new().await;
    let ticket = world.pooled().await;
    let claim = |etag: &str| {
        let mut request = world.liaison.asks("Claim", ClaimRequest { ticket_id: ticket.ticket_id.clone() });
        request.metadata_mut().insert("if-match", etag.parse().unwrap());
        world.rpc().claim(request)
    };
    let stale = claim("\"9\"").await.unwrap_err();
    assert_eq!(
        (reason(&stale).as_str(), fact(&stale, "etag").as_str(), fact(&stale, "state").as_str()),
        ("ETAG_MISMATCH", "\"1\"", "POOL")
    );
    let first = claim("\"1\"").await.unwrap().into_inner();
    let again = claim("\"1\"").await.unwrap().into_inner();
    assert_eq!(first, again);
}
