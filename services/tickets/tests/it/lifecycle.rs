use chrono::TimeDelta;
use proto::tickets::v1::{RateRequest, ResolveRequest, ticket::State, ticket_service_server::TicketService};
use tonic::Code;
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, NEEDS_PHOTO, TIMERS, World, fact, field, people::Person, reason, state};

#[tokio::test]
async fn a_report_is_claimed_dispatched_accepted_resolved_and_closed() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_PHOTO).await;
    let id = ticket.ticket_id.as_str();
    assert_eq!((state(&ticket), ticket.department.unwrap().name.as_str()), (State::Dispatched, "住建局"));
    assert_eq!(ticket.resolve_by.unwrap().seconds, world.clock.now().timestamp() + 24 * 3600);
    let accepted = world.accept(&world.handler, id).await.unwrap();
    assert_eq!((state(&accepted), accepted.resolve_by), (State::InProgress, ticket.resolve_by));
    let photo = world.photo(&world.handler);
    let resolved = world.resolve(&world.handler, id, &[photo]).await.unwrap();
    assert_eq!(
        (state(&resolved), resolved.resolution_text.as_str(), resolved.media.len()),
        (State::Feedback, "已清理", 1)
    );
    assert_eq!(world.count(TIMERS).await, 2, "VERIFY and RATE");
    let closed = world.rate(&world.courier, id, true, "").await.unwrap();
    assert_eq!((state(&closed), closed.satisfied), (State::Closed, Some(true)));
    assert!(closed.closed_at.is_some() && closed.resolved_at.is_some() && !closed.claimed_late);
    let events = world.events(&world.courier, id).await;
    let rows: Vec<_> = events.iter().map(|event| (event.sequence, event.transition.as_str())).collect();
    assert_eq!(rows, [(1, "T1"), (2, "T2"), (3, "T6"), (4, "T9"), (5, "T14"), (6, "T19")]);
    assert_eq!((events[1].actor_name.as_str(), events[4].text.as_str()), ("张明", "已清理"));
}

#[tokio::test]
async fn a_repeated_transition_succeeds_until_the_ticket_moves_on() {
    let world = World::new().await;
    let ticket = world.pooled().await;
    let id = ticket.ticket_id.as_str();
    let claimed = world.claim(&world.liaison, id).await.unwrap();
    assert_eq!(world.claim(&world.liaison, id).await.unwrap(), claimed);
    let sent = world.dispatch(&world.liaison, id, world.housing).await.unwrap();
    assert_eq!(world.dispatch(&world.liaison, id, world.housing).await.unwrap(), sent);
    let other = world.dispatch(&world.liaison, id, world.fire).await.unwrap_err();
    assert_eq!((reason(&other).as_str(), fact(&other, "state_zh").as_str()), ("STATE_CONFLICT", "已派遣待签收"));
    for liaison in [&world.liaison, &Person::liaison(world.gongnong, "gn.xy")] {
        let late = world.claim(liaison, id).await.unwrap_err();
        assert_eq!((reason(&late).as_str(), late.code()), ("STATE_CONFLICT", Code::FailedPrecondition));
        assert_eq!([fact(&late, "state"), fact(&late, "etag")], ["DISPATCHED", "\"3\""]);
    }
    let accepted = world.accept(&world.handler, id).await.unwrap();
    assert_eq!(world.accept(&world.handler, id).await.unwrap(), accepted);
    let done = world.resolve(&world.handler, id, &[]).await.unwrap();
    assert_eq!(world.resolve(&world.handler, id, &[]).await.unwrap(), done);
    let closed = world.rate(&world.courier, id, true, "好").await.unwrap();
    assert_eq!(world.rate(&world.courier, id, true, "好").await.unwrap(), closed);
    assert_eq!(reason(&world.rate(&world.courier, id, true, "很好").await.unwrap_err()), "STATE_CONFLICT");
    assert_eq!(world.count("event").await, 6);
}

#[tokio::test]
async fn only_the_claimer_dispatches_and_only_to_a_department_of_the_district() {
    let world = World::new().await;
    let ticket = world.pooled().await;
    let id = ticket.ticket_id.as_str();
    let early = world.dispatch(&world.liaison, id, world.housing).await.unwrap_err();
    assert_eq!((reason(&early).as_str(), fact(&early, "state").as_str()), ("STATE_CONFLICT", "POOL"));
    world.claim(&world.liaison, id).await.unwrap();
    let other = world.dispatch(&Person::liaison(world.gongnong, "gn.xy"), id, world.housing).await.unwrap_err();
    assert_eq!((reason(&other).as_str(), fact(&other, "claimed_by").as_str()), ("NOT_THE_CLAIMER", "张明"));
    let unknown = world.dispatch(&world.liaison, id, Uuid::now_v7()).await.unwrap_err();
    assert_eq!((reason(&unknown).as_str(), unknown.code()), ("DEPARTMENT_NOT_FOUND", Code::NotFound));
    assert_eq!(field(&unknown), "department_id");
    assert_eq!(world.count("event").await, 2);
}

#[tokio::test]
async fn only_the_lead_department_accepts_and_only_who_accepted_resolves() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let id = ticket.ticket_id.as_str();
    let (fire, mate) = (Person::handler(world.gongnong, world.fire), Person::handler(world.gongnong, world.housing));
    for refused in [world.accept(&fire, id).await, world.resolve(&fire, id, &[]).await] {
        assert_eq!(reason(&refused.unwrap_err()), "NOT_YOURS");
    }
    world.accept(&world.handler, id).await.unwrap();
    let refused = world.resolve(&mate, id, &[]).await.unwrap_err();
    assert_eq!((reason(&refused).as_str(), fact(&refused, "handler").as_str()), ("NOT_THE_HANDLER", "赵强"));
    assert_eq!(state(&world.accept(&mate, id).await.unwrap()), State::InProgress, "a colleague takes over");
    assert_eq!(reason(&world.resolve(&world.handler, id, &[]).await.unwrap_err()), "NOT_THE_HANDLER");
    assert!(world.resolve(&mate, id, &[]).await.is_ok());
}

#[tokio::test]
async fn who_does_the_work_at_once_has_accepted_it() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let id = ticket.ticket_id.as_str();
    let done = world.resolve(&world.handler, id, &[]).await.unwrap();
    assert_eq!((state(&done), done.etag.as_str()), (State::Feedback, "\"4\""));
    let back = world.rate(&world.courier, id, false, "还是滑").await.unwrap();
    assert_eq!(state(&back), State::InProgress);
    let mate = Person::handler(world.gongnong, world.housing);
    assert_eq!(reason(&world.resolve(&mate, id, &[]).await.unwrap_err()), "NOT_THE_HANDLER");
}

#[tokio::test]
async fn a_resolution_needs_words_and_where_the_category_asks_a_photo_of_the_handler() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_PHOTO).await;
    let id = ticket.ticket_id.as_str();
    let bare = world.resolve(&world.handler, id, &[]).await.unwrap_err();
    assert_eq!((reason(&bare).as_str(), field(&bare).as_str()), ("AFTER_PHOTO_REQUIRED", "media_ids"));
    let foreign = world.resolve(&world.handler, id, &[world.photo(&world.courier)]).await.unwrap_err();
    assert_eq!((reason(&foreign).as_str(), field(&foreign).as_str()), ("MEDIA_NOT_YOURS", "media_ids[0]"));
    let silent = ResolveRequest {
        ticket_id: id.into(),
        text: " ".into(),
        media_ids: vec![world.photo(&world.handler)],
        ..Default::default()
    };
    let silent = world.rpc().resolve(world.handler.asks("Resolve", silent)).await.unwrap_err();
    assert_eq!((reason(&silent).as_str(), field(&silent).as_str()), ("TEXT_REQUIRED", "text"));
    assert_eq!(world.count("event").await, 3);
}

#[tokio::test]
async fn dissatisfied_once_goes_back_and_twice_goes_to_coordination() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let id = ticket.ticket_id.as_str();
    world.resolve(&world.handler, id, &[]).await.unwrap();
    world.clock.advance(TimeDelta::hours(20));
    let unsaid = world.rate(&world.courier, id, false, " ").await.unwrap_err();
    assert_eq!((reason(&unsaid).as_str(), field(&unsaid).as_str()), ("COMMENT_REQUIRED", "comment"));
    assert_eq!(reason(&world.rate(&world.liaison, id, false, "不行").await.unwrap_err()), "NOT_YOURS");
    let undecided = RateRequest { ticket_id: id.into(), ..Default::default() };
    let undecided = world.rpc().rate(world.courier.asks("Rate", undecided)).await.unwrap_err();
    assert_eq!(field(&undecided), "satisfied");
    let back = world.rate(&world.courier, id, false, "还是滑").await.unwrap();
    assert_eq!((state(&back), back.reopen_count, back.satisfied), (State::InProgress, 1, Some(false)));
    assert_eq!(back.resolve_by.unwrap().seconds, world.clock.now().timestamp() + 24 * 3600, "24 hours at least");
    assert_eq!(back.promised_by, ticket.promised_by, "the promise never moves");
    assert_eq!((world.count(TIMERS).await, back.resolved_at), (1, None));
    let again = world.resolve(&world.handler, id, &[]).await.unwrap();
    assert_eq!(again.satisfied, None, "a new word is waited for");
    let lost = world.rate(&world.courier, id, false, "没人来过").await.unwrap();
    assert_eq!((state(&lost), lost.coordination_reason.as_str()), (State::Coordination, "DISSATISFIED"));
    assert_eq!((lost.reopen_count, lost.resolve_by, world.count(TIMERS).await), (1, back.resolve_by, 2));
    assert_eq!(
        reason(&world.claim(&world.liaison, id).await.unwrap_err()),
        "CONDITION_NOT_MET",
        "T3b is for UNCLAIMED only"
    );
}
