//! Reminders before a deadline: in the inbox of who holds the ticket, with or without a robot, once.
use chrono::TimeDelta;
use proto::tickets::v1::{
    HandToCommunityRequest, MarkUnclearRequest, ReportRequest, ticket_service_server::TicketService,
};
use tickets::channels::{ChannelSettings, remind};

use super::{SMALL, texts};
use crate::{
    harness::{NEEDS_NO_PHOTO, World, people::Person, report},
    inbox::appoint,
};

const BURST_PIPE: &str = "80001";

/// Lets time pass while every replica reminds twice; how many reminders each person has after it.
async fn reminded(world: &World, time: TimeDelta, people: &[&Person]) -> Vec<usize> {
    let settings =
        ChannelSettings { wecom_address: String::new(), remind_claim_minutes: 10, remind_resolve_minutes: 240 };
    world.clock.advance(time);
    for replica in [0, 1, 0, 1] {
        remind(&world.replicas[replica].0, &settings).await.unwrap();
    }
    let mut many = Vec::new();
    for person in people {
        many.push(texts(world, person).await.iter().filter(|text| text.starts_with("即将到时")).count());
    }
    many
}

/// The newest message of a person.
async fn last(world: &World, person: &Person) -> String {
    texts(world, person).await.pop().unwrap_or_default()
}

#[tokio::test]
async fn an_emergency_with_five_minutes_is_reminded_of_at_half_of_them() {
    let world = World::new().await;
    appoint(&world, &world.liaison).await;
    let photo = world.photo(&world.courier);
    let burst = ReportRequest { media_ids: vec![photo], ..report(BURST_PIPE) };
    let ticket = world.report(&world.courier, burst).await.unwrap();
    let liaison = [&world.liaison];
    assert_eq!(reminded(&world, TimeDelta::seconds(149), &liaison).await, [0], "151 of 300 seconds are left");
    assert_eq!(reminded(&world, TimeDelta::seconds(1), &liaison).await, [1]);
    assert_eq!(reminded(&world, TimeDelta::seconds(30), &liaison).await, [1], "once");
    let told = last(&world, &world.liaison).await;
    assert!(told.contains(&ticket.number) && told.ends_with("09:05 前须认领"), "{told}");
}

#[tokio::test]
async fn deadlines_that_end_together_are_reminded_of_one_by_one() {
    let world = World::new().await;
    appoint(&world, &world.handler).await;
    let photo = world.photo(&world.courier);
    let burst = ReportRequest { media_ids: vec![photo], ..report(BURST_PIPE) };
    let id = world.report(&world.courier, burst).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let ticket = world.dispatch(&world.liaison, &id, world.housing).await.unwrap();
    let due = |kind: &str| ticket.deadlines.iter().find(|deadline| deadline.kind == kind).unwrap().due_at;
    assert_eq!(due("ACCEPT"), due("RESOLVE"), "two hours for either");
    assert_eq!(reminded(&world, TimeDelta::minutes(61), &[&world.handler]).await, [1]);
    assert!(last(&world, &world.handler).await.ends_with("前须办结"));
    assert_eq!(reminded(&world, TimeDelta::minutes(50), &[&world.handler]).await, [2]);
    assert!(last(&world, &world.handler).await.ends_with("前须签收"));
}

#[tokio::test]
async fn whoever_holds_a_ticket_is_reminded_of_its_deadline_wherever_it_stands() {
    let world = World::new().await;
    let (mate, worker) = (Person::liaison(world.gongnong, "gn.xy"), Person::worker(world.gongnong));
    let coordinator = Person::coordinator(world.gongnong);
    for person in [&world.liaison, &mate, &worker, &coordinator, &world.handler] {
        appoint(&world, person).await;
    }
    let people = [&world.liaison, &mate, &worker, &coordinator, &world.handler];
    let id = world.report(&world.courier, report(SMALL)).await.unwrap().ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    assert_eq!(reminded(&world, TimeDelta::minutes(21), &people).await, [1, 0, 0, 0, 0], "the claimer");
    assert!(last(&world, &world.liaison).await.ends_with("前须派遣"));
    let hand = HandToCommunityRequest { ticket_id: id.clone(), text: String::new() };
    let handed = world.rpc().hand_to_community(world.liaison.asks("HandToCommunity", hand)).await.unwrap().into_inner();
    let due = chassis::clock::instant(&handed.resolve_by.unwrap()).unwrap();
    let ahead = due - TimeDelta::minutes(239) - world.clock.now();
    assert_eq!(reminded(&world, ahead, &people).await, [1, 0, 1, 0, 0], "the community");
    assert!(last(&world, &worker).await.ends_with("前须办结"));

    let id = world.pooled().await.ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    let unclear = MarkUnclearRequest { ticket_id: id.clone(), reason: "不清".into() };
    let unclear = world.rpc().mark_unclear(world.liaison.asks("MarkUnclear", unclear)).await.unwrap().into_inner();
    let due = chassis::clock::instant(&unclear.deadlines[0].due_at.unwrap()).unwrap();
    let ahead = due - TimeDelta::minutes(9) - world.clock.now();
    assert_eq!(reminded(&world, ahead, &people).await, [1, 0, 1, 1, 0], "the coordinators");
    assert!(last(&world, &coordinator).await.ends_with("前须定责"));

    let sent = world.dispatched(NEEDS_NO_PHOTO).await;
    let accept = sent.deadlines.iter().find(|deadline| deadline.kind == "ACCEPT").unwrap();
    let due = chassis::clock::instant(&accept.due_at.unwrap()).unwrap();
    let ahead = due - TimeDelta::minutes(9) - world.clock.now();
    assert_eq!(reminded(&world, ahead, &people).await, [1, 0, 1, 1, 1], "the department");
    assert!(last(&world, &world.handler).await.ends_with("前须签收"));
}

#[tokio::test]
async fn who_was_drawn_to_check_is_reminded_before_another_is_drawn() {
    let world = World::new().await;
    let worker = Person::worker(world.gongnong);
    appoint(&world, &worker).await;
    for replica in &world.replicas {
        replica.0.staff.reread(&world.pool, world.clock.today()).await.unwrap();
    }
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    let done = world.resolve(&world.handler, &id, &[]).await.unwrap();
    assert_eq!(done.checker_id, Some(worker.id.to_string()));
    assert_eq!(reminded(&world, TimeDelta::hours(20) - TimeDelta::seconds(1), &[&worker]).await, [0]);
    assert_eq!(reminded(&world, TimeDelta::seconds(1), &[&worker, &world.handler]).await, [1, 0]);
    assert!(last(&world, &worker).await.ends_with("前须核查"));
}
