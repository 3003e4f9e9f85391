//! Stops are bounded, approved, and shown to the reporter.
use chrono::{DateTime, TimeDelta, Utc};
use proto::tickets::v1::{
    GetTimelineRequest, PauseRequest, RequestPauseRequest, ResumeRequest, Ticket, inbox_service_server::InboxService,
    ticket::State, ticket_service_server::TicketService,
};
use tickets::rpc::inbox::InboxRpc;
use tonic::Status;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, fact, field, people::Person, reason, state};

const MOST_MINUTES: i64 = 30 * 24 * 60;

async fn ask(world: &World, person: &Person, id: &str, until: DateTime<Utc>) -> Result<Ticket, Status> {
    let request = RequestPauseRequest {
        ticket_id: id.into(),
        reason_code: "WEATHER".into(),
        text: "持续低温，无法施工".into(),
        until: Some(chassis::clock::timestamp(until)),
    };
    answer(world.rpc().request_pause(person.asks("RequestPause", request)).await)
}

async fn approve(world: &World, person: &Person, id: &str, until: Option<DateTime<Utc>>) -> Result<Ticket, Status> {
    let until = until.map(chassis::clock::timestamp);
    let request = PauseRequest { ticket_id: id.into(), until, text: String::new() };
    answer(world.rpc().pause(person.asks("Pause", request)).await)
}

/// A ticket that the handler of the housing department works at.
async fn in_progress(world: &World) -> Ticket {
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    world.accept(&world.handler, &id).await.unwrap()
}

#[tokio::test]
async fn a_pause_beyond_its_limit_is_refused_with_the_limit() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let id = in_progress(&world).await.ticket_id;
    let now = world.clock.now();
    let most = now + TimeDelta::minutes(MOST_MINUTES);
    for wrong in [now, most + TimeDelta::seconds(1)] {
        let refused = ask(&world, &world.handler, &id, wrong).await.unwrap_err();
        assert_eq!([reason(&refused), field(&refused)], ["OUT_OF_BOUNDS", "until"]);
        assert_eq!(fact(&refused, "most_minutes"), MOST_MINUTES.to_string());
        assert!(refused.message().contains("at most 43200 minutes ahead"), "{}", refused.message());
    }
    let early = approve(&world, &coordinator, &id, None).await.unwrap_err();
    assert_eq!(reason(&early), "CONDITION_NOT_MET", "nobody asked for it");
    ask(&world, &world.handler, &id, most).await.unwrap();
    let refused = approve(&world, &coordinator, &id, Some(most + TimeDelta::seconds(1))).await.unwrap_err();
    assert_eq!([reason(&refused), fact(&refused, "most_minutes")], ["OUT_OF_BOUNDS", "43200"]);
    assert_eq!(state(&approve(&world, &coordinator, &id, None).await.unwrap()), State::Paused);
}

#[tokio::test]
async fn an_approved_pause_is_shown_to_the_reporter_and_ends_where_it_began() {
    let world = World::new().await;
    let (coordinator, mate) = (Person::coordinator(world.gongnong), Person::handler(world.gongnong, world.housing));
    assert!(!world.handler.may("Pause") && !coordinator.may("RequestPause"));
    let before = in_progress(&world).await;
    let id = before.ticket_id.as_str();
    let until = world.clock.now() + TimeDelta::hours(6);
    assert_eq!(reason(&ask(&world, &mate, id, until).await.unwrap_err()), "NOT_THE_HANDLER");
    ask(&world, &world.handler, id, until).await.unwrap();
    let waiting = world.get(&world.courier, id).await.unwrap();
    assert_eq!((state(&waiting), waiting.resolve_by), (State::InProgress, before.resolve_by), "asked for, no more");
    let paused = approve(&world, &coordinator, id, None).await.unwrap();
    assert_eq!(approve(&world, &coordinator, id, None).await.unwrap().etag, paused.etag, "a repetition");
    let seen = world.get(&world.courier, id).await.unwrap();
    let pause = seen.pause.clone().unwrap();
    assert_eq!((state(&seen), pause.reason_code.as_str()), (State::Paused, "WEATHER"));
    assert_eq!((pause.text.as_str(), pause.until.unwrap().seconds), ("持续低温，无法施工", until.timestamp()));
    assert_eq!(seen.resolve_by.unwrap().seconds, before.resolve_by.unwrap().seconds + 6 * 3600, "by the approved span");
    assert_eq!(seen.promised_by, before.promised_by, "the promise never moves");
    let inbox = InboxRpc(world.replicas[0].0.clone());
    let request = GetTimelineRequest { ticket_id: id.into() };
    let told = answer(inbox.get_timeline(world.courier.asks_of("InboxService", "GetTimeline", request)).await).unwrap();
    assert!(told.steps.last().unwrap().words.contains("挂起"), "{:?}", told.steps);
    let next = told.next.unwrap();
    assert_eq!((next.words.as_str(), next.due_at.unwrap().seconds), ("暂时挂起，到期恢复", until.timestamp()));
    world.clock.advance(TimeDelta::hours(2));
    let resume = ResumeRequest { ticket_id: id.into(), reason: "天气转好".into() };
    let resumed = answer(world.rpc().resume(coordinator.asks("Resume", resume)).await).unwrap();
    assert_eq!((state(&resumed), resumed.pause.is_none()), (State::InProgress, true));
    assert_eq!(resumed.resolve_by.unwrap().seconds, before.resolve_by.unwrap().seconds + 2 * 3600, "what was used");
}
