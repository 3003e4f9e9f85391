use proto::incentives::v1::{GetPointsRequest, Points, points_service_server::PointsService};
use uuid::Uuid;

use crate::{audit::audit, harness::World};

async fn points(world: &World, person: Uuid) -> Points {
    let request = world.ask(person, "PointsService/GetPoints", GetPointsRequest::default());
    world.points().get_points(request).await.unwrap().into_inner()
}

/// What somebody has available, pending and reserved.
pub async fn held(world: &World, person: Uuid) -> (i64, i64, i64) {
    let points = points(world, person).await;
    (points.available, points.pending, points.reserved)
}

#[tokio::test]
async fn an_unknown_member_has_zeros() {
    let world = World::new().await;
    assert_eq!(held(&world, Uuid::now_v7()).await, (0, 0, 0));
}

#[tokio::test]
async fn points_are_pending_once_somebody_takes_the_ticket_and_active_once_it_is_closed() {
    let world = World::new().await;
    let (ticket, person) = (Uuid::now_v7(), Uuid::now_v7());
    world.ticket(ticket, person, "10101", "UNSPECIFIED", "POOL").await;
    world.hear(1).await;
    assert_eq!(points(&world, person).await.pending, 0);
    world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
    world.hear(1).await;
    assert_eq!(held(&world, person).await, (0, 10, 0));
    world.ticket(ticket, person, "10101", "CLAIMED", "DISPATCHED").await;
    world.ticket(ticket, person, "10101", "FEEDBACK", "CLOSED").await;
    world.hear(2).await;
    assert_eq!(held(&world, person).await, (10, 0, 0));
    audit(&world.pool).await;
}

#[tokio::test]
async fn an_invalid_or_withdrawn_ticket_leaves_nothing() {
    let world = World::new().await;
    for end in ["INVALID", "WITHDRAWN"] {
        let (ticket, person) = (Uuid::now_v7(), Uuid::now_v7());
        world.ticket(ticket, person, "10101", "COORDINATION", "CLAIMED").await;
        world.ticket(ticket, person, "10101", "CLAIMED", end).await;
        world.hear(2).await;
        assert_eq!(held(&world, person).await, (0, 0, 0));
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_ticket_that_leaves_twice_and_closes_twice_earns_once() {
    let world = World::new().await;
    let (ticket, person) = (Uuid::now_v7(), Uuid::now_v7());
    for (from, to) in [
        ("POOL", "CLAIMED"),
        ("COORDINATION", "DISPATCHED"),
        ("FEEDBACK", "CLOSED"),
        ("CLOSED", "IN_PROGRESS"),
        ("COORDINATION", "DISPATCHED"),
        ("FEEDBACK", "CLOSED"),
    ] {
        world.ticket(ticket, person, "10101", from, to).await;
    }
    world.hear(6).await;
    assert_eq!(held(&world, person).await, (10, 0, 0));
    audit(&world.pool).await;
}

#[tokio::test]
async fn events_heard_again_change_nothing() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    for _ in 0..3 {
        world.earn(person, 10).await;
    }
    for _ in 0..2 {
        sqlx::query("update incentives.subscription set tx = 0, event_id = 0").execute(&world.pool).await.unwrap();
        world.hear(9).await;
    }
    assert_eq!(held(&world, person).await, (30, 0, 0));
    audit(&world.pool).await;
}

#[tokio::test]
async fn the_rule_of_the_category_wins_over_the_default_and_zero_awards_nothing() {
    let world = World::new().await;
    world.line("REPORT", "ICE", 25).await;
    world.line("REPORT", "SPAM", 0).await;
    let person = Uuid::now_v7();
    for category in ["ICE", "SPAM", "OTHER"] {
        world.ticket(Uuid::now_v7(), person, category, "POOL", "CLAIMED").await;
    }
    world.hear(3).await;
    assert_eq!(points(&world, person).await.pending, 35);
    audit(&world.pool).await;
}

#[tokio::test]
async fn staff_earn_nothing() {
    let world = World::new().await;
    let person = Uuid::now_v7();
    let payload = serde_json::json!({"ticket_id": Uuid::now_v7(), "from_state": "POOL", "to_state": "CLAIMED",
        "reporter_id": person, "reporter_role": "community_worker", "at": world.now()});
    world.tell("tickets", Uuid::now_v7(), "hemei.tickets.v1.TicketChanged", payload).await;
    world.hear(1).await;
    assert_eq!(points(&world, person).await.pending, 0);
}

#[tokio::test]
async fn a_batch_of_many_tickets_awards_each_in_its_order() {
    let world = World::new().await;
    let people: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    for number in 0..120 {
        let (ticket, person) = (Uuid::now_v7(), people[number % people.len()]);
        world.ticket(ticket, person, "10101", "POOL", "CLAIMED").await;
        world.ticket(ticket, person, "10101", "FEEDBACK", if number % 3 == 0 { "INVALID" } else { "CLOSED" }).await;
    }
    world.hear(240).await;
    let mut available = 0;
    for person in people {
        available += points(&world, person).await.available;
    }
    assert_eq!(available, 80 * 10);
    audit(&world.pool).await;
}
