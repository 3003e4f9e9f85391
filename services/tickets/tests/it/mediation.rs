//! A ticket waits for the mediation of its parties once, and only whose turn it is may have it wait.
use chrono::{DateTime, TimeDelta, Utc};
use proto::tickets::v1::{MediateRequest, ResumeRequest, Ticket, ticket::State, ticket_service_server::TicketService};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, fact, people::Person, reason, state};

async fn mediate(world: &World, person: &Person, id: &str, case: Uuid, until: DateTime<Utc>) -> Result<Ticket, Status> {
    let request = MediateRequest {
        ticket_id: id.into(),
        mediation_case_id: case.to_string(),
        until: Some(chassis::clock::timestamp(until)),
        text: "相邻漏水，双方同意调解".into(),
        consent: true,
    };
    answer(world.rpc().mediate(person.asks("Mediate", request)).await)
}

#[tokio::test]
async fn a_second_mediation_is_refused_with_what_to_do_instead() {
    let world = World::new().await;
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let before = world.accept(&world.handler, &id).await.unwrap();
    let (case, until) = (Uuid::now_v7(), world.clock.now() + TimeDelta::days(20));
    for stranger in [&world.liaison, &Person::worker(world.gongnong), &Person::handler(world.gongnong, world.fire)] {
        assert_eq!(reason(&mediate(&world, stranger, &id, case, until).await.unwrap_err()), "NOT_YOURS");
    }
    let waits = mediate(&world, &world.handler, &id, case, until).await.unwrap();
    assert_eq!((state(&waits), waits.pause.as_ref().unwrap().reason_code.as_str()), (State::Paused, "MEDIATION"));
    let again = mediate(&world, &world.handler, &id, case, until).await.unwrap();
    assert_eq!(again.etag, waits.etag, "a repetition");
    world.clock.advance(TimeDelta::days(1));
    let resume = ResumeRequest { ticket_id: id.clone(), reason: "未达成协议".into() };
    let coordinator = Person::coordinator(world.gongnong);
    let resumed = answer(world.rpc().resume(coordinator.asks("Resume", resume)).await).unwrap();
    let day = 24 * 3600;
    assert_eq!(resumed.resolve_by.unwrap().seconds, before.resolve_by.unwrap().seconds + day, "what was used");
    for case in [case, Uuid::now_v7()] {
        let refused = mediate(&world, &world.handler, &id, case, until).await.unwrap_err();
        assert_eq!([reason(&refused), fact(&refused, "state")], ["ALREADY_MEDIATED", "IN_PROGRESS"]);
        assert!(refused.message().contains("ask for a pause"), "{}", refused.message());
    }
    assert_eq!(world.get(&world.courier, &id).await.unwrap().resolve_by, resumed.resolve_by, "nothing moved");
}
