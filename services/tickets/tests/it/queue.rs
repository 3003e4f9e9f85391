use chrono::TimeDelta;
use proto::tickets::v1::{
    ListQueueRequest,
    staff_service_server::StaffService,
    ticket::{Priority, State},
};
use tickets::rpc::staff::StaffRpc;

use crate::harness::{NEEDS_NO_PHOTO, World, people::Person};

#[tokio::test]
async fn a_queue_shows_what_waits_for_the_post_the_next_deadline_first() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        expected.push(world.pooled().await.ticket_id);
        world.clock.advance(TimeDelta::minutes(1));
    }
    let sent = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let staff = StaffRpc(world.replicas[0].0.clone());
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListQueueRequest { page_size: 2, page_token, ..Default::default() };
        let page =
            staff.list_queue(world.liaison.asks_of("StaffService", "ListQueue", request)).await.unwrap().into_inner();
        seen.extend(page.tickets.into_iter().map(|ticket| ticket.ticket_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let of = async |person: &Person| {
        let asked = person.asks_of("StaffService", "ListQueue", ListQueueRequest::default());
        staff.list_queue(asked).await.unwrap().into_inner().tickets.into_iter().map(|t| t.ticket_id).collect::<Vec<_>>()
    };
    assert_eq!(of(&world.handler).await, std::slice::from_ref(&sent));
    let narrowed = async |person: &Person, request: ListQueueRequest| {
        let asked = person.asks_of("StaffService", "ListQueue", request);
        staff.list_queue(asked).await.unwrap().into_inner().tickets.into_iter().map(|t| t.ticket_id).collect::<Vec<_>>()
    };
    let state = |state: State| ListQueueRequest { state: state.into(), ..Default::default() };
    let place = |path: &str| ListQueueRequest { place_path: path.into(), ..Default::default() };
    let urgent = |priority: Priority| ListQueueRequest { priority: priority.into(), ..Default::default() };
    let overdue = || ListQueueRequest { overdue: true, ..Default::default() };
    let priority = world.get(&world.liaison, &expected[0]).await.unwrap().priority();
    for (request, all) in [
        (state(State::Pool), true),
        (state(State::Claimed), false),
        (place("gn.xy.sh"), true),
        (place("gn.xy.s"), false),
        (urgent(priority), true),
        (urgent(Priority::P0), false),
    ] {
        let shown = if all { expected.as_slice() } else { &[] };
        assert_eq!(narrowed(&world.liaison, request.clone()).await, shown, "{request:?}");
    }
    assert!(priority != Priority::P0 && narrowed(&world.handler, overdue()).await.is_empty());
    let elsewhere = [
        Person::liaison(world.gongnong, "gn.hq"),
        Person::liaison(world.xingshan, "gn.xy"),
        Person::handler(world.gongnong, world.fire),
        Person::coordinator(world.gongnong),
    ];
    for person in &elsewhere {
        assert!(of(person).await.is_empty(), "{person:?}");
    }
    world.clock.advance(TimeDelta::days(30));
    assert_eq!(narrowed(&world.handler, overdue()).await, [sent]);
}
