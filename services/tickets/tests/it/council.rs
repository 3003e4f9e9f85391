//! What was put off comes before a council.
use chassis::clock::timestamp;
use chrono::TimeDelta;
use proto::{
    api::v1::post::Role,
    tickets::v1::{
        AgendaItem, CouncilResolution, ListAgendaItemsRequest, PutOffRequest, RecordResolutionRequest, ReviewRequest,
        RuleRequest, Ticket, agenda_item, case_service_server::CaseService, council_resolution::Decision,
        ticket::State, ticket_service_server::TicketService,
    },
};
use tickets::{followers_consumer, rpc::casework::CaseRpc, sweep};
use tonic::Status;

use crate::{
    harness::{NEEDS_NO_PHOTO, World, answer, field, people::Person, reason, state},
    inbox::inbox,
};

async fn put_off(world: &World, coordinator: &Person, id: &str, days: i64) -> Ticket {
    let review_at = Some(timestamp(world.clock.now() + TimeDelta::days(days)));
    let request = PutOffRequest { ticket_id: id.into(), reason: "资金未到位".into(), review_at };
    answer(world.rpc().put_off(coordinator.asks("PutOff", request)).await).unwrap()
}

/// A ticket that is put off for some days.
async fn postponed(world: &World, coordinator: &Person, days: i64) -> String {
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    world.accept(&world.handler, &id).await.unwrap();
    put_off(world, coordinator, &id, days).await;
    id
}

fn resolution(world: &World, decision: Decision, days: Option<i64>) -> CouncilResolution {
    CouncilResolution {
        decision: decision.into(),
        text: "经议事会讨论决定".into(),
        held_on: world.clock.today().to_string(),
        review_at: days.map(|days| timestamp(world.clock.now() + TimeDelta::days(days))),
    }
}

async fn record(world: &World, person: &Person, id: &str, resolution: CouncilResolution) -> Result<Ticket, Status> {
    let request = RecordResolutionRequest { ticket_id: id.into(), resolution: Some(resolution) };
    answer(world.rpc().record_resolution(person.asks("RecordResolution", request)).await)
}

async fn items(world: &World, person: &Person, request: ListAgendaItemsRequest) -> Vec<AgendaItem> {
    let rpc = CaseRpc(world.replicas[0].0.clone());
    let asked = person.asks_of("CaseService", "ListAgendaItems", request);
    answer(rpc.list_agenda_items(asked).await).unwrap().items
}

/// The one item there is, once everything has been heard.
async fn item(world: &World, coordinator: &Person, heard: &mut usize) -> AgendaItem {
    *heard = world.hear(&followers_consumer(&world.replicas[0].0), *heard).await;
    let mut items = items(world, coordinator, ListAgendaItemsRequest::default()).await;
    assert_eq!(items.len(), 1);
    items.remove(0)
}

async fn sweep(world: &World, later: TimeDelta) {
    world.clock.advance(later);
    sweep::sweep(world.service(), world.clock.now()).await.unwrap();
}

#[tokio::test]
async fn what_is_put_off_stands_on_the_agenda_of_its_council_until_it_is_taken_up_again() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let id = postponed(&world, &coordinator, 20).await;
    let consumer = followers_consumer(&world.replicas[0].0);
    let mut heard = world.hear(&consumer, 0).await;
    // heard once more, it is there once
    sqlx::query("update tickets.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
    world.hear(&consumer, 0).await;
    let open = item(&world, &coordinator, &mut heard).await;
    assert_eq!((open.state(), open.due, open.reason.as_str()), (agenda_item::State::Open, false, "资金未到位"));
    assert_eq!((open.council_path.as_str(), open.ticket_state()), ("gn.xy", State::ClosedNofix));
    assert!(open.title.starts_with('【') && open.title.ends_with("松鹤小区"), "{}", open.title);
    let worker = Person::worker(world.gongnong);
    assert_eq!(items(&world, &worker, ListAgendaItemsRequest::default()).await.len(), 1, "of its own area");
    let strangers = [Person::liaison(world.gongnong, "gn.hq"), Person::coordinator(world.xingshan)];
    for stranger in &strangers {
        assert_eq!(items(&world, stranger, ListAgendaItemsRequest::default()).await, []);
    }
    for person in [&world.courier, &world.liaison, &worker] {
        assert!(!person.may("RecordResolution"));
    }
    let reopen = resolution(&world, Decision::Reopen, None);
    let reopened = record(&world, &coordinator, &id, reopen.clone()).await.unwrap();
    assert_eq!((state(&reopened), reopened.coordination_reason.as_str()), (State::Coordination, "REVIEWED"));
    assert_eq!(record(&world, &coordinator, &id, reopen.clone()).await.unwrap().etag, reopened.etag, "a repetition");
    let resolved = item(&world, &coordinator, &mut heard).await;
    assert_eq!((resolved.state(), resolved.ticket_state()), (agenda_item::State::Resolved, State::Coordination));
    assert_eq!(resolved.resolution, Some(reopen.clone()));
    let open = ListAgendaItemsRequest { state: agenda_item::State::Open.into(), ..Default::default() };
    assert_eq!(items(&world, &coordinator, open).await, []);
    // put off once more, it is before the council again; the old resolution is not recorded a second time
    put_off(&world, &coordinator, &id, 10).await;
    assert_eq!(reason(&record(&world, &coordinator, &id, reopen).await.unwrap_err()), "STATE_CONFLICT");
    assert_eq!(item(&world, &coordinator, &mut heard).await.state(), agenda_item::State::Open);
    crate::history::replay(&world, id.parse().unwrap()).await;
}

#[tokio::test]
async fn what_is_kept_put_off_is_reviewed_at_the_new_date_and_then_due() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let id = postponed(&world, &coordinator, 5).await;
    let keep = resolution(&world, Decision::Keep, Some(25));
    let kept = record(&world, &coordinator, &id, keep.clone()).await.unwrap();
    assert_eq!((state(&kept), kept.review_at, kept.deadlines.len()), (State::ClosedNofix, keep.review_at, 1));
    assert_eq!(kept.deadlines[0].due_at, keep.review_at);
    assert_eq!(record(&world, &coordinator, &id, keep.clone()).await.unwrap().etag, kept.etag, "a repetition");
    let mut heard = 0;
    let open = item(&world, &coordinator, &mut heard).await;
    assert_eq!((open.state(), open.due, open.review_at), (agenda_item::State::Open, false, keep.review_at));
    assert_eq!(open.resolution, Some(keep));
    assert!(inbox(&world, &world.courier).await.messages[0].text.ends_with("议事会已作决议：经议事会讨论决定"));
    sweep(&world, TimeDelta::days(24)).await;
    assert!(!item(&world, &coordinator, &mut heard).await.due);
    sweep(&world, TimeDelta::days(1)).await;
    let due = item(&world, &coordinator, &mut heard).await;
    assert_eq!((due.state(), due.due, due.ticket_state()), (agenda_item::State::Open, true, State::Coordination));
    let only_due = ListAgendaItemsRequest { due: true, ..Default::default() };
    assert_eq!(items(&world, &coordinator, only_due).await.len(), 1);
    // its review has come before the council has met: kept, it is put off again
    let again = resolution(&world, Decision::Keep, Some(10));
    let kept = record(&world, &coordinator, &id, again.clone()).await.unwrap();
    assert_eq!((state(&kept), kept.nofix_reason.as_str()), (State::ClosedNofix, "经议事会讨论决定"));
    let open = item(&world, &coordinator, &mut heard).await;
    assert_eq!((open.state(), open.due, open.review_at), (agenda_item::State::Open, false, again.review_at));
    // due again, a ruling takes it off the agenda
    sweep(&world, TimeDelta::days(10)).await;
    let rule = RuleRequest {
        ticket_id: id.clone(),
        department_id: world.housing.to_string(),
        reason: "资金到位".into(),
        ..RuleRequest::default()
    };
    world.rpc().rule(coordinator.asks("Rule", rule)).await.unwrap();
    let resolved = item(&world, &coordinator, &mut heard).await;
    assert_eq!((resolved.state(), resolved.due), (agenda_item::State::Resolved, false));
    crate::history::replay(&world, id.parse().unwrap()).await;
}

#[tokio::test]
async fn a_council_that_is_done_with_it_leaves_the_review_as_it_was() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let id = postponed(&world, &coordinator, 5).await;
    let before = world.get(&coordinator, &id).await.unwrap();
    let closed = record(&world, &coordinator, &id, resolution(&world, Decision::Close, None)).await.unwrap();
    assert_eq!((state(&closed), &closed.deadlines), (State::ClosedNofix, &before.deadlines));
    let mut heard = 0;
    assert_eq!(item(&world, &coordinator, &mut heard).await.state(), agenda_item::State::Resolved);
    sweep(&world, TimeDelta::days(5)).await;
    let reviewed = item(&world, &coordinator, &mut heard).await;
    assert_eq!((reviewed.state(), reviewed.ticket_state()), (agenda_item::State::Resolved, State::Coordination));
}

#[tokio::test]
async fn what_is_taken_up_again_without_a_council_leaves_the_agenda() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let id = postponed(&world, &coordinator, 5).await;
    let review = ReviewRequest { ticket_id: id.clone(), reason: "资金提前到位".into() };
    world.rpc().review(coordinator.asks("Review", review)).await.unwrap();
    let mut heard = 0;
    let item = item(&world, &coordinator, &mut heard).await;
    assert_eq!((item.state(), item.due, item.resolution), (agenda_item::State::Resolved, false, None));
    assert!(inbox(&world, &world.courier).await.messages[0].text.ends_with("已复查，重新协调：资金提前到位"));
}

#[tokio::test]
async fn a_resolution_is_whole_and_is_about_what_was_put_off() {
    let world = World::new().await;
    let coordinator = Person::coordinator(world.gongnong);
    let pooled = world.pooled().await.ticket_id;
    let reopen = || resolution(&world, Decision::Reopen, None);
    assert_eq!(reason(&record(&world, &coordinator, &pooled, reopen()).await.unwrap_err()), "STATE_CONFLICT");
    let id = postponed(&world, &coordinator, 5).await;
    let wrong = [
        (CouncilResolution { decision: 0, ..reopen() }, "resolution.decision"),
        (CouncilResolution { text: " ".into(), ..reopen() }, "resolution.text"),
        (CouncilResolution { held_on: "2026-11-24".into(), ..reopen() }, "resolution.held_on"),
        (CouncilResolution { held_on: "昨天".into(), ..reopen() }, "resolution.held_on"),
        (resolution(&world, Decision::Keep, None), "resolution.review_at"),
        (resolution(&world, Decision::Close, Some(3)), "resolution.review_at"),
        (resolution(&world, Decision::Keep, Some(31)), "resolution.review_at"),
    ];
    for (resolution, named) in wrong {
        assert_eq!(field(&record(&world, &coordinator, &id, resolution).await.unwrap_err()), named);
    }
    let liaison = Person::new(world.gongnong, Role::Liaison, "gn.xy", None);
    assert!(!liaison.may("RecordResolution"));
    let two = [(); 2].map(|()| Person::coordinator(world.gongnong));
    let (one, other) = tokio::join!(
        record(&world, &two[0], &id, reopen()),
        record(&world, &two[1], &id, resolution(&world, Decision::Keep, Some(3)))
    );
    assert!(one.is_ok(), "it is reopened whichever came first: {other:?}");
    assert_eq!(world.count("event where transition = 'T24'").await, 1);
}
