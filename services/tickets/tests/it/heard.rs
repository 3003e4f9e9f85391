use chassis::{cache::Cache, consumer::Effect, feed::Source, sandbox};
use prost::{Message, Name};
use proto::{
    events::v1::{Event, Position},
    residents::v1::{PersonChanged, PlaceChanged},
    tickets::v1::ticket_service_server::TicketService,
    tickets::v1::{ReportRequest, TicketChanged, ticket::State},
};
use tickets::{notices_consumer, residents_consumer};
use uuid::Uuid;

use crate::harness::{NEEDS_NO_PHOTO, World, at, people::Person, report};

#[tokio::test]
async fn every_change_is_told_with_what_others_need() {
    let world = World::new().await;
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let events = world.told(3).await;
    let told: Vec<_> = events.iter().map(|event| TicketChanged::decode(event.payload.as_slice()).unwrap()).collect();
    let rows: Vec<_> = told.iter().map(|told| (told.sequence, told.transition.as_str(), told.from_state())).collect();
    assert_eq!(rows, [(1, "T1", State::Unspecified), (2, "T2", State::Pool), (3, "T6", State::Claimed)]);
    let last = &told[2];
    assert_eq!((last.ticket_id.as_str(), last.number.as_str()), (ticket.ticket_id.as_str(), ticket.number.as_str()));
    assert_eq!((last.to_state(), last.place_path.as_str()), (State::Dispatched, "gn.xy.sh.03"));
    assert_eq!(last.reporter_role(), proto::api::v1::post::Role::Courier);
    assert_eq!(last.department_id, Some(world.housing.to_string()));
    assert_eq!(
        (last.actor_id.as_deref(), last.resolve_by),
        (Some(world.liaison.id.to_string().as_str()), ticket.resolve_by)
    );
    assert!(events.iter().all(|event| event.subject_id == ticket.ticket_id));
}

fn event<M: Message + Name>(district: Uuid, number: i64, told: &M) -> Event {
    Event {
        position: Some(Position { transaction_id: 1, event_id: number }),
        district_id: district.to_string(),
        r#type: M::full_name(),
        payload: told.encode_to_vec(),
        ..Default::default()
    }
}

/// Does what hearing these events of the residents service does.
async fn apply(world: &World, events: &[Event]) {
    let consumer = residents_consumer(&world.pool, Source::local(world.pool.clone(), "tickets"));
    let Effect::Within(apply) = consumer.effect else { panic!("not within a transaction") };
    apply(&mut world.pool.acquire().await.unwrap(), events).await.unwrap();
}

#[tokio::test]
async fn places_and_people_are_kept_the_last_word_wins_and_households_are_left_out() {
    let world = World::new().await;
    let somewhere = Uuid::now_v7();
    let place = |name: &str, level: i32, id: Uuid| PlaceChanged {
        place_id: id.to_string(),
        name: name.into(),
        level,
        path: "gn.xy.new".into(),
        ..Default::default()
    };
    let before = world.count("place").await;
    let person = PersonChanged { person_id: world.courier.id.to_string(), name: "李小生".into() };
    let events = [
        event(world.gongnong, 1, &place("旧名", 3, somewhere)),
        event(world.gongnong, 2, &place("新社区", 3, somewhere)),
        event(world.gongnong, 3, &place("101室", 7, Uuid::now_v7())),
        event(world.gongnong, 4, &person),
    ];
    for _ in 0..2 {
        apply(&world, &events).await;
    }
    assert_eq!(world.count("place").await, before + 1);
    let request = ReportRequest { location: None, place_id: Some(somewhere.to_string()), ..report("") };
    let ticket = world.report(&world.courier, request).await.unwrap();
    assert_eq!((ticket.place.unwrap().name.as_str(), ticket.reporter.unwrap().name.as_str()), ("新社区", "李小生"));
}

#[tokio::test]
async fn a_place_that_gets_a_boundary_later_is_found() {
    let world = World::new().await;
    let outside = ReportRequest { location: Some(at(130.7, 47.7)), ..report("") };
    assert!(world.report(&world.courier, outside.clone()).await.is_err());
    let point = |lng, lat| proto::residents::v1::place_changed::Point { lng, lat };
    let told = PlaceChanged {
        place_id: Uuid::now_v7().to_string(),
        level: 2,
        path: "gn.new".into(),
        boundary: vec![point(130.6, 47.6), point(130.8, 47.6), point(130.8, 47.8), point(130.6, 47.8)],
        ..Default::default()
    };
    let told = [event(world.gongnong, 1, &told)];
    apply(&world, &told).await;
    let ticket = world.report(&world.courier, outside).await.unwrap();
    assert_eq!(ticket.place.unwrap().path, "gn.new");
}

#[tokio::test]
async fn the_street_hears_of_a_new_ticket_in_chinese_with_its_deadline() {
    let world = World::new().await;
    let cache = Cache::new(&test_database::redis_url()).unwrap();
    let ticket = world.dispatched(NEEDS_NO_PHOTO).await;
    let number = &ticket.number;
    world.told(3).await;
    let consumer = notices_consumer(&world.replicas[0].0, cache.clone());
    assert_eq!(consumer.catch_up().await.unwrap(), 3);
    let group = format!("{}联络群", world.street_name);
    let messages = sandbox::list(&cache).await.unwrap();
    let mine: Vec<_> = messages.iter().filter(|message| message.to == group).collect();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].text, format!("新工单 {number}：占道经营，请 30 分钟内认领（09:30 前）"));
    assert_eq!(mine[0].channel, "wecom");
}

#[tokio::test]
async fn old_news_is_told_to_nobody() {
    let world = World::new().await;
    let cache = Cache::new(&test_database::redis_url()).unwrap();
    world.report(&Person::courier(world.gongnong), report("")).await.unwrap();
    world.clock.advance(chrono::TimeDelta::hours(2));
    world.told(1).await;
    let consumer = notices_consumer(&world.replicas[0].0, cache.clone());
    assert_eq!(consumer.catch_up().await.unwrap(), 1);
    let group = format!("{}联络群", world.street_name);
    assert!(sandbox::list(&cache).await.unwrap().iter().all(|message| message.to != group));
}

#[tokio::test]
async fn everybody_who_reported_the_same_hears_what_became_of_it() {
    let world = World::new().await;
    let cache = Cache::new(&test_database::redis_url()).unwrap();
    let neighbour = Person::courier(world.gongnong);
    let name = format!("王{}", Uuid::now_v7().simple());
    world.name(&neighbour, &name).await;
    let parent = world.dispatched(NEEDS_NO_PHOTO).await;
    let child = world.report(&neighbour, report(NEEDS_NO_PHOTO)).await.unwrap();
    let request =
        proto::tickets::v1::MergeRequest { ticket_id: child.ticket_id, parent_ticket_id: parent.ticket_id.clone() };
    world.rpc().merge(world.liaison.asks("Merge", request)).await.unwrap();
    world.resolve(&world.handler, &parent.ticket_id, &[]).await.unwrap();
    world.told(7).await;
    let consumer = notices_consumer(&world.replicas[0].0, cache.clone());
    assert_eq!(consumer.catch_up().await.unwrap(), 7);
    let messages = sandbox::list(&cache).await.unwrap();
    let mut mine: Vec<_> =
        messages.iter().filter(|message| message.to == name).map(|message| message.text.clone()).collect();
    mine.sort();
    assert_eq!(mine.len(), 3, "{mine:?}");
    assert!(
        mine.iter().any(|text| text.contains(&parent.number) && text.contains("已处置") && !text.contains("评价")),
        "{mine:?}"
    );
}
