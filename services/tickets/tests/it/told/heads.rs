//! Who stands over those who are late hears of it, and who may approve hears what waits for them.
use chrono::TimeDelta;
use proto::{
    api::v1::post::Role,
    tickets::v1::{
        ListQueueRequest, RequestPauseRequest, staff_service_server::StaffService, ticket_service_server::TicketService,
    },
};
use tickets::{rpc::staff::StaffRpc, sweep};

use super::{each, hear, texts};
use crate::{
    channels::groups::{Groups, KEY, street},
    harness::{NEEDS_NO_PHOTO, World, people::Person},
    inbox::appoint,
};

/// Lets time pass and its deadlines act.
async fn pass(world: &World, time: TimeDelta) {
    world.clock.advance(time);
    sweep::sweep(world.service(), world.clock.now()).await.unwrap();
}

/// A coordinator and an admin of the district, a liaison beside the one who claims, and the housing department's handler.
async fn staff(world: &World) -> [Person; 3] {
    let admin = Person::new(world.gongnong, Role::DistrictAdmin, "gn", None);
    let staff = [Person::coordinator(world.gongnong), admin, Person::liaison(world.gongnong, "gn.xy")];
    for person in staff.iter().chain([&world.liaison, &world.handler]) {
        appoint(world, person).await;
    }
    staff
}

#[tokio::test]
async fn a_missed_dispatch_is_heard_by_the_street_and_the_coordinators_not_only_by_the_claimer() {
    let world = World::new().await;
    let [coordinator, admin, mate] = staff(&world).await;
    let id = world.pooled().await.ticket_id;
    world.claim(&world.liaison, &id).await.unwrap();
    pass(&world, TimeDelta::minutes(30)).await;
    hear(&world, 0).await;
    let missed = "提醒街道负责人";
    each(&texts(&world, &world.liaison).await, &["新工单", missed]);
    each(&texts(&world, &mate).await, &["新工单", missed]);
    each(&texts(&world, &coordinator).await, &[missed]);
    assert!(texts(&world, &admin).await.is_empty());
}

#[tokio::test]
async fn a_coordination_that_takes_too_long_is_heard_by_the_district_admins() {
    let world = World::new().await;
    let [coordinator, admin, mate] = staff(&world).await;
    world.pooled().await;
    pass(&world, TimeDelta::minutes(30)).await;
    pass(&world, TimeDelta::hours(2)).await;
    hear(&world, 0).await;
    let last = ["到时无人认领", "由住建局兜底承办"];
    each(&texts(&world, &coordinator).await, &last);
    each(&texts(&world, &admin).await, &last[1..]);
    each(&texts(&world, &world.handler).await, &["兜底："]);
    each(&texts(&world, &mate).await, &["新工单", "到时无人认领"]);
}

#[tokio::test]
async fn a_check_that_nobody_makes_is_heard_by_the_street_and_the_coordinators() {
    let world = World::new().await;
    let [coordinator, admin, mate] = staff(&world).await;
    let of_district = Person::liaison(world.gongnong, "gn");
    appoint(&world, &of_district).await;
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    world.resolve(&world.handler, &id, &[]).await.unwrap();
    let heard = hear(&world, 0).await;
    each(&texts(&world, &of_district).await, &[]);
    pass(&world, TimeDelta::hours(72)).await;
    hear(&world, heard).await;
    let late = "提醒核查人负责人";
    each(&texts(&world, &of_district).await, &[late]);
    each(&texts(&world, &coordinator).await, &[late]);
    each(&texts(&world, &mate).await, &["新工单", late]);
    assert!(texts(&world, &admin).await.is_empty());
}

#[tokio::test]
async fn an_overdue_ticket_climbs_the_tiers_in_the_inboxes_without_any_robot() {
    let world = World::new().await;
    let [coordinator, _, mate] = staff(&world).await;
    let colleague = Person::handler(world.gongnong, world.housing);
    appoint(&world, &colleague).await;
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    pass(&world, TimeDelta::hours(3)).await;
    world.accept(&world.handler, &id).await.unwrap();
    let mut heard = hear(&world, 0).await;
    each(&texts(&world, &coordinator).await, &["住建局到时未签收"]);
    let overdue =
        async |person: &Person| texts(&world, person).await.iter().filter(|text| text.contains("督办")).count();
    let due = chassis::clock::instant(&world.get(&world.handler, &id).await.unwrap().resolve_by.unwrap()).unwrap();
    for (hours, told) in [(0, [1, 1, 0, 0]), (24, [2, 2, 1, 0]), (72, [3, 3, 2, 1])] {
        pass(&world, due + TimeDelta::hours(hours) - world.clock.now()).await;
        heard = hear(&world, heard).await;
        let people = [&world.handler, &colleague, &mate, &coordinator];
        let mut counted = Vec::new();
        for person in people {
            counted.push(overdue(person).await);
        }
        assert_eq!(counted, told, "{hours} hours late");
    }
}

#[tokio::test]
async fn a_pause_that_is_asked_for_waits_for_the_coordinators_and_the_street_hears_of_it() {
    let groups = Groups::new().await;
    let world = &groups.world;
    let [coordinator, _, mate] = staff(world).await;
    groups.put(street(world)).await.unwrap();
    let id = world.dispatched(NEEDS_NO_PHOTO).await.ticket_id;
    world.accept(&world.handler, &id).await.unwrap();
    let waits = async |person: &Person| {
        let request = person.asks_of("StaffService", "ListQueue", ListQueueRequest::default());
        let staff = StaffRpc(world.replicas[0].0.clone());
        let listed = staff.list_queue(request).await.unwrap().into_inner().tickets;
        listed.iter().filter(|ticket| ticket.ticket_id == id).count()
    };
    assert_eq!(waits(&coordinator).await, 0);
    let request = RequestPauseRequest {
        ticket_id: id.clone(),
        reason_code: "WEATHER".into(),
        text: "持续低温".into(),
        until: Some(chassis::clock::timestamp(world.clock.now() + TimeDelta::hours(6))),
    };
    world.rpc().request_pause(world.handler.asks("RequestPause", request)).await.unwrap();
    assert_eq!([waits(&coordinator).await, waits(&mate).await, waits(&world.handler).await], [1, 0, 1]);
    hear(world, 0).await;
    each(&texts(world, &coordinator).await, &["住建局申请挂起，待协调员审批：持续低温"]);
    each(&texts(world, &mate).await, &["新工单", "住建局申请挂起"]);
    groups.seconds(5).await;
    let received = groups.wecom.received();
    assert!(
        received.iter().any(|one| one.key == KEY && one.content.contains("待协调员审批：持续低温")),
        "{received:?}"
    );
}
