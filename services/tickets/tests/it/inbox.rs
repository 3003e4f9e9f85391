use proto::{
    api::v1::post::Role,
    residents::v1::PostChanged,
    tickets::v1::{
        GetTimelineRequest, ListInboxRequest, ListInboxResponse, ListTicketsRequest, MarkReadRequest, MergeRequest,
        Ticket, Timeline, inbox_service_server::InboxService, ticket_service_server::TicketService,
    },
};
use tickets::{followers_consumer, rpc::inbox::InboxRpc, store::projection};
use tonic::Status;
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, answer, field, people::Person, reason, report};

pub async fn inbox(world: &World, person: &Person) -> ListInboxResponse {
    let rpc = InboxRpc(world.replicas[0].0.clone());
    let request = person.asks_of("InboxService", "ListInbox", ListInboxRequest::default());
    answer(rpc.list_inbox(request).await).unwrap()
}

pub async fn timeline(world: &World, person: &Person, id: &str) -> Result<Timeline, Status> {
    let rpc = InboxRpc(world.replicas[0].0.clone());
    let request = GetTimelineRequest { ticket_id: id.into() };
    answer(rpc.get_timeline(person.asks_of("InboxService", "GetTimeline", request)).await)
}

/// Lets the service know of somebody's post.
pub async fn appoint(world: &World, person: &Person) {
    let post = &person.posts[0];
    let told = PostChanged {
        post_id: Uuid::now_v7().to_string(),
        person_id: person.id.to_string(),
        role: post.r,
        place_path: post.p.clone(),
        department_id: post.d.map(|id| id.to_string()),
        ..PostChanged::default()
    };
    let mut connection = world.pool.acquire().await.unwrap();
    projection::keep_posts(&mut connection, &[(world.gongnong, Uuid::now_v7(), told)]).await.unwrap();
}

#[tokio::test]
async fn everybody_concerned_has_each_message_once_however_often_it_is_heard() {
    let world = World::new().await;
    appoint(&world, &world.liaison).await;
    appoint(&world, &world.handler).await;
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let consumer = followers_consumer(&world.replicas[0].0);
    world.hear(&consumer, 0).await;
    sqlx::query("update tickets.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
    world.hear(&consumer, 0).await;
    let mine = inbox(&world, &world.courier).await;
    let texts: Vec<_> = mine.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[0].contains("已派遣至住建局") && texts[2].starts_with("已收到您上报的"), "{texts:?}");
    assert_eq!((mine.unread_count, mine.messages[0].number.as_str()), (3, ticket.number.as_str()));
    let marked = |list: Vec<Ticket>| list[0].unread_count;
    let own = || ListTicketsRequest { mine: true, ..ListTicketsRequest::default() };
    assert_eq!(marked(world.list(&world.courier, own()).await), 3, "marked in the list");
    let read = MarkReadRequest { ticket_id: Some(ticket.ticket_id.clone()), ..MarkReadRequest::default() };
    let rpc = InboxRpc(world.replicas[0].0.clone());
    rpc.mark_read(world.courier.asks_of("InboxService", "MarkRead", read)).await.unwrap();
    assert_eq!(marked(world.list(&world.courier, own()).await), 0);
    let street = inbox(&world, &world.liaison).await.messages;
    assert!(street.len() == 1 && street[0].text.contains("请 30 分钟内认领（09:30 前）"), "{street:?}");
    let department = inbox(&world, &world.handler).await.messages;
    assert!(department.len() == 1 && department[0].text.contains("已派遣至贵单位"), "{department:?}");
    assert!(inbox(&world, &Person::new(world.gongnong, Role::Liaison, "gn.hq", None)).await.messages.is_empty());
    let abroad = Person { district: world.xingshan, ..world.courier.clone() };
    assert!(inbox(&world, &abroad).await.messages.is_empty(), "another district's session");
}

#[tokio::test]
async fn a_co_reporter_hears_the_result_and_only_the_reporter_is_asked_to_rate() {
    let world = World::new().await;
    let neighbour = Person::courier(world.gongnong);
    let parent = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let child = world.report(&neighbour, report(NEEDS_NO_PHOTO)).await.unwrap().ticket_id;
    let merge = MergeRequest { ticket_id: child.clone(), parent_ticket_id: parent.clone() };
    world.rpc().merge(world.liaison.asks("Merge", merge)).await.unwrap();
    world.resolve(&world.handler, &parent, &[]).await.unwrap();
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let last = |list: ListInboxResponse| list.messages[0].text.clone();
    assert!(last(inbox(&world, &world.courier).await).ends_with("已处置，请评价是否满意"));
    assert!(last(inbox(&world, &neighbour).await).ends_with("已处置"));
    assert!(timeline(&world, &neighbour, &parent).await.is_ok(), "a co-reporter follows the parent");
}

#[tokio::test]
async fn what_was_read_stays_read_and_only_ones_own_can_be() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let other = world.pooled().await;
    world.hear(&followers_consumer(&world.replicas[0].0), 0).await;
    let rpc = InboxRpc(world.replicas[0].0.clone());
    let read = |person: &Person, request: MarkReadRequest| person.asks_of("InboxService", "MarkRead", request);
    let about = MarkReadRequest { ticket_id: Some(ticket.ticket_id.clone()), ..Default::default() };
    let stranger = Person::courier(world.gongnong);
    assert_eq!(answer(rpc.mark_read(read(&stranger, about.clone())).await).unwrap().unread_count, 0);
    assert_eq!(inbox(&world, &world.courier).await.unread_count, 4);
    assert_eq!(answer(rpc.mark_read(read(&world.courier, about.clone())).await).unwrap().unread_count, 1);
    let first = inbox(&world, &world.courier).await;
    world.clock.advance(chrono::TimeDelta::minutes(5));
    rpc.mark_read(read(&world.courier, about)).await.unwrap();
    assert_eq!(inbox(&world, &world.courier).await, first, "the same again");
    let unread: Vec<_> = first.messages.iter().filter(|message| message.read_at.is_none()).collect();
    assert_eq!((unread.len(), unread[0].ticket_id.as_str()), (1, other.ticket_id.as_str()));
    let all = MarkReadRequest { up_to_message_id: unread[0].message_id, ..Default::default() };
    assert_eq!(answer(rpc.mark_read(read(&world.courier, all)).await).unwrap().unread_count, 0);
    let many = MarkReadRequest { message_ids: vec![1; 201], ..Default::default() };
    assert_eq!(field(&rpc.mark_read(read(&world.courier, many)).await.unwrap_err()), "message_ids");
}

#[tokio::test]
async fn a_timeline_tells_the_way_so_far_and_what_comes_next() {
    let world = World::new().await;
    let id = world.pooled().await.ticket_id;
    let told = timeline(&world, &world.courier, &id).await.unwrap();
    assert_eq!(told.next.as_ref().unwrap().words, "等待街道联络员认领");
    world.claim(&world.liaison, &id).await.unwrap();
    world.dispatch(&world.liaison, &id, world.housing).await.unwrap();
    world.resolve(&world.handler, &id, &[]).await.unwrap();
    let told = timeline(&world, &world.courier, &id).await.unwrap();
    let words: Vec<_> = told.steps.iter().map(|step| step.words.as_str()).collect();
    assert_eq!(words, ["已上报", "街道联络员已认领", "已派遣至住建局", "住建局已处置，请评价"]);
    assert_eq!((told.steps[3].text.as_str(), told.next.unwrap().words.as_str()), ("已清理", "等待您评价"));
    world.rate(&world.courier, &id, true, "").await.unwrap();
    assert!(timeline(&world, &world.courier, &id).await.unwrap().next.is_none());
    let stranger = timeline(&world, &Person::courier(world.gongnong), &id).await.unwrap_err();
    assert_eq!(reason(&stranger), "NOT_YOURS");
    let abroad = timeline(&world, &Person::coordinator(world.xingshan), &id).await.unwrap_err();
    assert_eq!(reason(&abroad), "TICKET_NOT_FOUND");
}
