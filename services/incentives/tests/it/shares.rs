//! Those who reported what somebody had reported already.
use chassis::feed::Source;
use futures::future::JoinAll;
use incentives::ledger::reconcile;
use serde_json::json;
use uuid::Uuid;

use crate::{audit::audit, awards::held, harness::World};

/// A change of a ticket into which others were merged.
pub async fn merged(
    world: &World,
    ticket: Uuid,
    reporter: Uuid,
    (transition, from, to): (&str, &str, &str),
    others: &[(Uuid, Uuid)],
) {
    changed(world, ticket, reporter, (transition, from, to), others, |person| person == reporter).await;
}

/// A change after all of them have taken the reporter's place, one after another.
async fn left(world: &World, ticket: Uuid, reporter: Uuid, step: (&str, &str, &str), others: &[(Uuid, Uuid)]) {
    changed(world, ticket, reporter, step, others, |_| true).await;
}

async fn changed(
    world: &World,
    ticket: Uuid,
    reporter: Uuid,
    (transition, from, to): (&str, &str, &str),
    others: &[(Uuid, Uuid)],
    promoted: impl Fn(Uuid) -> bool,
) {
    let told = |(ticket, person): &(Uuid, Uuid)| json!({"ticket_id": ticket, "person_id": person, "role": "courier", "promoted": promoted(*person)});
    let others: Vec<_> = others.iter().map(told).collect();
    let payload = json!({"ticket_id": ticket, "number": "GN261123-000042", "from_state": from, "to_state": to,
        "transition": transition, "reporter_id": reporter, "reporter_role": "courier", "category_code": "10101", "at": world.now(),
        "co_reports": others});
    world.tell("tickets", ticket, "hemei.tickets.v1.TicketChanged", payload).await;
}

#[tokio::test]
async fn who_reported_the_same_shares_once_instead_of_earning_by_a_report_of_their_own() {
    let world = World::new().await;
    let [parent, child, again] = [(); 3].map(|()| Uuid::now_v7());
    let [reporter, neighbour] = [(); 2].map(|()| Uuid::now_v7());
    world.ticket(parent, reporter, "10101", "POOL", "CLAIMED").await;
    world.ticket(child, neighbour, "10101", "POOL", "CLAIMED").await;
    // both rows of a merge, in either order
    merged(&world, parent, reporter, ("T39", "CLAIMED", "CLAIMED"), &[(child, neighbour)]).await;
    merged(&world, child, neighbour, ("T27", "CLAIMED", "MERGED"), &[]).await;
    // the reporter's own second report of it brings nothing
    merged(&world, again, reporter, ("T27", "POOL", "MERGED"), &[]).await;
    let both = [(child, neighbour), (again, reporter)];
    merged(&world, parent, reporter, ("T39", "CLAIMED", "CLAIMED"), &both).await;
    world.hear(6).await;
    assert_eq!(held(&world, neighbour).await, (0, 5, 0));
    assert_eq!(held(&world, reporter).await, (0, 10, 0));
    merged(&world, parent, reporter, ("T19", "FEEDBACK", "CLOSED"), &both).await;
    world.hear(1).await;
    assert_eq!(held(&world, neighbour).await, (5, 0, 0));
    assert_eq!(held(&world, reporter).await, (10, 0, 0));
    audit(&world.pool).await;
}

#[tokio::test]
async fn a_reporter_who_leaves_loses_theirs_and_an_invalid_ticket_leaves_nobody_anything() {
    let world = World::new().await;
    let [parent, child, reporter, neighbour] = [(); 4].map(|()| Uuid::now_v7());
    world.ticket(parent, reporter, "10101", "POOL", "CLAIMED").await;
    merged(&world, parent, reporter, ("T39", "CLAIMED", "CLAIMED"), &[(child, neighbour)]).await;
    merged(&world, parent, neighbour, ("T29b", "CLAIMED", "CLAIMED"), &[(child, neighbour)]).await;
    world.hear(3).await;
    assert_eq!((held(&world, reporter).await.1, held(&world, neighbour).await.1), (0, 10));
    merged(&world, parent, neighbour, ("T25", "CLAIMED", "INVALID"), &[(child, neighbour)]).await;
    world.hear(1).await;
    assert_eq!(held(&world, neighbour).await, (0, 0, 0));
    audit(&world.pool).await;
}

/// Two replicas listen at once, until this many events have been heard; then everything is heard again.
async fn racing(world: &World, all: usize, events: usize) {
    let source = |schema| Source::local(world.pool.clone(), schema);
    let [one, ..] = world.state.consumers(source("tickets"), source("residents"));
    let [two, ..] = world.state.consumers(source("tickets"), source("residents"));
    for (mut left, again) in [(events, true), (all, false)] {
        let heard = async {
            while left > 0 {
                let (one, two) = tokio::join!(one.catch_up(), two.catch_up());
                left = left.saturating_sub(one.unwrap() + two.unwrap());
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), heard).await.expect("the events are heard");
        if again {
            let back = "update incentives.subscription set tx = 0, event_id = 0 where producer = 'tickets'";
            sqlx::query(back).execute(&world.pool).await.unwrap();
        }
    }
    audit(&world.pool).await;
    assert_eq!(reconcile(&world.pool).await.unwrap(), []);
}

/// A parent in the pool, with what each of some others reported merged into it: 1 + 3 events for each of them.
pub async fn pool(world: &World, parent: Uuid, reporter: Uuid, others: &[(Uuid, Uuid)]) {
    merged(world, parent, reporter, ("T1", "UNSPECIFIED", "POOL"), &[]).await;
    for (number, (child, person)) in others.iter().enumerate() {
        merged(world, *child, *person, ("T1", "UNSPECIFIED", "POOL"), &[]).await;
        merged(world, *child, *person, ("T27", "POOL", "MERGED"), &[]).await;
        merged(world, parent, reporter, ("T39", "POOL", "POOL"), &others[..=number]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_none_and_is_one_after_all_is_shared_again() {
    let world = World::new().await;
    let [parent, child, second, reporter, neighbour] = [(); 5].map(|()| Uuid::now_v7());
    // the neighbour reported it twice, and shares once
    let others = [(child, neighbour), (second, neighbour)];
    pool(&world, parent, reporter, &others).await;
    merged(&world, parent, reporter, ("T2", "POOL", "CLAIMED"), &others).await;
    racing(&world, 8, 8).await;
    let both = async || (held(&world, reporter).await, held(&world, neighbour).await);
    assert_eq!(both().await, ((0, 10, 0), (0, 5, 0)));
    merged(&world, parent, reporter, ("T25", "CLAIMED", "INVALID"), &others).await;
    racing(&world, 9, 1).await;
    assert_eq!(both().await, ((0, 0, 0), (0, 0, 0)));
    merged(&world, parent, reporter, ("T26", "INVALID", "COORDINATION"), &others).await;
    racing(&world, 10, 1).await;
    assert_eq!(both().await, ((0, 0, 0), (0, 0, 0)));
    merged(&world, parent, reporter, ("T12", "COORDINATION", "DISPATCHED"), &others).await;
    racing(&world, 11, 1).await;
    assert_eq!(both().await, ((0, 10, 0), (0, 5, 0)));
    merged(&world, parent, reporter, ("T19", "FEEDBACK", "CLOSED"), &others).await;
    racing(&world, 12, 1).await;
    assert_eq!(both().await, ((10, 0, 0), (5, 0, 0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_the_reporters_place_has_their_award_and_no_share() {
    let world = World::new().await;
    let [parent, child, other, reporter, neighbour, third] = [(); 6].map(|()| Uuid::now_v7());
    let others = [(child, neighbour), (other, third)];
    let all = async || {
        [reporter, neighbour, third].map(|person| held(&world, person)).into_iter().collect::<JoinAll<_>>().await
    };
    pool(&world, parent, reporter, &others).await;
    merged(&world, parent, neighbour, ("T29b", "POOL", "POOL"), &others).await;
    racing(&world, 8, 8).await;
    assert_eq!(all().await, [(0, 0, 0), (0, 0, 0), (0, 5, 0)]);
    merged(&world, parent, neighbour, ("T2", "POOL", "CLAIMED"), &others).await;
    racing(&world, 9, 1).await;
    assert_eq!(all().await, [(0, 0, 0), (0, 10, 0), (0, 5, 0)]);
    // the next leaves too, once it was taken up
    left(&world, parent, third, ("T29b", "CLAIMED", "CLAIMED"), &others).await;
    racing(&world, 10, 1).await;
    assert_eq!(all().await, [(0, 0, 0), (0, 0, 0), (0, 10, 0)]);
    // who left shares nothing when it is taken up again
    for (number, step) in
        [("T25", "CLAIMED", "INVALID"), ("T26", "INVALID", "COORDINATION"), ("T12", "COORDINATION", "DISPATCHED")]
            .into_iter()
            .enumerate()
    {
        left(&world, parent, third, step, &others).await;
        racing(&world, 11 + number, 1).await;
    }
    assert_eq!(all().await, [(0, 0, 0), (0, 0, 0), (0, 10, 0)]);
    left(&world, parent, third, ("T19", "FEEDBACK", "CLOSED"), &others).await;
    racing(&world, 14, 1).await;
    assert_eq!(all().await, [(0, 0, 0), (0, 0, 0), (10, 0, 0)]);
}
