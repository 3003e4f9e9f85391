use chrono::TimeDelta;
use proto::{
    api::v1::post::Role,
    tickets::v1::{ListTicketsRequest, ticket::State, ticket_service_server::TicketService},
};

use crate::harness::{NEEDS_NO_PHOTO, World, at, people::Person, reason, report};

#[tokio::test]
async fn the_public_sees_no_name_no_coordinate_and_no_photo() {
    let world = World::new().await;
    let mut request = report(NEEDS_NO_PHOTO);
    request.media_ids = vec![world.photo(&world.courier)];
    let id = world.report(&world.courier, request).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let neighbour = Person::new(world.gongnong, Role::Resident, "gn.xy.sh.03.1", None);
    let other_street = Person::liaison(world.gongnong, "gn.hq");
    let [manager, observer] =
        [Role::PropertyManager, Role::HomeObserver].map(|role| Person::new(world.gongnong, role, "gn.xy.sh.03", None));
    for public in [&neighbour, &other_street, &world.handler, &manager, &observer] {
        let ticket = world.get(public, &id).await.unwrap();
        let reporter = ticket.reporter.unwrap();
        assert_eq!((reporter.name.as_str(), reporter.person_id), ("李**", None));
        assert!(ticket.location.is_none() && ticket.media.is_empty());
        let events = world.events(public, &id).await;
        assert!(events.iter().all(|event| event.actor_id.is_none()));
        assert_eq!(events[1].actor_name, "张**");
    }
    let own = Person { id: world.courier.id, ..manager.clone() };
    assert_eq!(world.get(&own, &id).await.unwrap().reporter.unwrap().name, "李春生", "their own report");
    let mut double = manager.clone();
    double.posts.extend(world.liaison.posts.clone());
    assert!(world.get(&double, &id).await.unwrap().location.is_some(), "another post of theirs opens it");
    for place in [&manager, &observer] {
        let listed = world.list(place, ListTicketsRequest::default()).await;
        assert_eq!((listed.len(), listed[0].location), (1, None), "their place's tickets, masked");
    }
    world.dispatch(&world.liaison, &id, world.housing).await.unwrap();
    let admin = Person::new(world.gongnong, Role::DistrictAdmin, "gn", None);
    for staff in [&world.courier, &world.liaison, &world.handler, &admin] {
        let ticket = world.get(staff, &id).await.unwrap();
        assert_eq!(ticket.reporter.unwrap().name, "李春生");
        assert!(ticket.location.is_some() && ticket.media.len() == 1);
    }
}

#[tokio::test]
async fn lists_show_what_posts_reach() {
    let world = World::new().await;
    let here = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let mut elsewhere = report(NEEDS_NO_PHOTO);
    elsewhere.location = Some(at(130.35, 47.35));
    let other = Person::courier(world.gongnong);
    let elsewhere = world.report(&other, elsewhere).await.unwrap().ticket_id;
    let foreign = Person::courier(world.xingshan);
    let mut abroad = report(NEEDS_NO_PHOTO);
    abroad.location = Some(at(130.55, 47.35));
    let abroad = world.report(&foreign, abroad).await.unwrap().ticket_id;
    let seen = async |person: &Person, request: ListTicketsRequest| {
        let list = world.list(person, request).await;
        let mut ids: Vec<_> = list.into_iter().map(|ticket| ticket.ticket_id).collect();
        ids.sort();
        ids
    };
    let all = ListTicketsRequest::default;
    let mut both = vec![here.clone(), elsewhere.clone()];
    both.sort();
    assert_eq!(seen(&world.courier, all()).await, both);
    assert_eq!(seen(&world.courier, ListTicketsRequest { mine: true, ..all() }).await, vec![here.clone()]);
    assert_eq!(seen(&world.liaison, all()).await, vec![here.clone()]);
    assert_eq!(seen(&Person::liaison(world.gongnong, "gn.hq"), all()).await, vec![elsewhere.clone()]);
    assert_eq!(seen(&Person::new(world.gongnong, Role::Coordinator, "gn", None), all()).await, both);
    assert_eq!(seen(&world.handler, all()).await, vec![here.clone()]);
    assert!(seen(&Person::handler(world.gongnong, world.fire), all()).await.is_empty());
    assert_eq!(seen(&foreign, all()).await, [abroad]);
    let mut double = Person::liaison(world.gongnong, "gn.hq");
    double.posts.extend(world.handler.posts.clone());
    assert_eq!(seen(&double, all()).await, both, "two posts reach both");
    let pooled = ListTicketsRequest { state: State::Pool.into(), ..all() };
    assert_eq!(seen(&world.courier, pooled).await, [elsewhere]);
}

#[tokio::test]
async fn pages_follow_each_other_newest_first_and_miss_nothing() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for turn in 0..7 {
        ids.push(world.pooled().await.ticket_id);
        world.clock.advance(TimeDelta::seconds(turn % 2));
    }
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let request = ListTicketsRequest { page_size: 3, page_token: token, ..Default::default() };
        let page = world.rpc().list_tickets(world.liaison.asks("ListTickets", request)).await.unwrap().into_inner();
        assert!(page.tickets.len() <= 3);
        seen.extend(page.tickets.into_iter().map(|ticket| (ticket.received_at.unwrap().seconds, ticket.ticket_id)));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert!(seen.is_sorted_by(|left, right| left > right));
    assert_eq!(seen.len(), 7);
    for (page_size, page_token, expected) in [(0, "x", "PAGE_TOKEN_INVALID"), (201, "", "FIELD_INVALID")] {
        let request = ListTicketsRequest { page_size, page_token: page_token.into(), ..Default::default() };
        let refused = world.rpc().list_tickets(world.liaison.asks("ListTickets", request)).await.unwrap_err();
        assert_eq!(reason(&refused), expected);
    }
}

#[tokio::test]
async fn a_ticket_of_another_district_is_not_found() {
    let world = World::new().await;
    let id = world.pooled().await.ticket_id;
    let foreign = Person::new(world.xingshan, Role::DistrictAdmin, "xs", None);
    assert_eq!(reason(&world.get(&foreign, &id).await.unwrap_err()), "TICKET_NOT_FOUND");
    let request = proto::tickets::v1::ListEventsRequest { ticket_id: id, ..Default::default() };
    let refused = world.rpc().list_events(foreign.asks("ListEvents", request)).await.unwrap_err();
    assert_eq!(reason(&refused), "TICKET_NOT_FOUND");
}
