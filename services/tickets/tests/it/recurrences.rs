//! What comes again where it had been closed before: counted as it happens, and the same from the histories.
use chrono::TimeDelta;
use proto::tickets::v1::{
    ClassifyRequest, GetFiguresRequest, MergeRequest, ReopenRequest, ReportRequest, Ticket,
    figure_service_server::FigureService, ticket_service_server::TicketService,
};
use tickets::{figures, followers_consumer, rpc::figures::FigureRpc};

use crate::{
    harness::{NEEDS_NO_PHOTO, World, answer, at, people::Person, report},
    history::Dice,
};

const HERE: f64 = 47.335;
/// 22 metres to the north: near here, and near where is far from here.
const NEAR: f64 = 47.3352;
/// 44 metres to the north.
const FAR: f64 = 47.3354;

async fn came(world: &World, lat: f64, category: &str) -> String {
    let request = ReportRequest { location: Some(at(130.235, lat)), ..report(category) };
    world.report(&world.courier, request).await.unwrap().ticket_id
}

async fn close(world: &World, id: &str) {
    world.claim(&world.liaison, id).await.unwrap();
    world.dispatch(&world.liaison, id, world.housing).await.unwrap();
    close_again(world, id).await;
}

async fn close_again(world: &World, id: &str) {
    world.resolve(&world.handler, id, &[]).await.unwrap();
    world.rate(&world.courier, id, true, "").await.unwrap();
}

async fn reopen(world: &World, id: &str) -> Option<Ticket> {
    let media_ids = vec![world.photo(&world.courier)];
    let request = ReopenRequest { ticket_id: id.into(), text: "又来了".into(), media_ids };
    answer(world.rpc().reopen(world.courier.asks("Reopen", request)).await).ok()
}

async fn merge(world: &World, id: &str, parent: &str) -> Option<Ticket> {
    let request = MergeRequest { ticket_id: id.into(), parent_ticket_id: parent.into() };
    answer(world.rpc().merge(world.liaison.asks("Merge", request)).await).ok()
}

async fn classify(world: &World, id: &str, category: &str) -> Option<Ticket> {
    let request = ClassifyRequest { ticket_id: id.into(), category_code: category.into(), ..Default::default() };
    answer(world.rpc().classify(world.liaison.asks("Classify", request)).await).ok()
}

async fn told(world: &World, request: GetFiguresRequest) -> Vec<(String, i64)> {
    let request = Person::coordinator(world.gongnong).asks_of("FigureService", "GetFigures", request);
    let rows = answer(FigureRpc(world.replicas[0].0.clone()).get_figures(request).await).unwrap().rows;
    rows.into_iter().map(|row| (row.key, row.recurrences.unwrap())).collect()
}

/// What has been counted once everything is heard, by category; the histories must give the same.
async fn counted(world: &World, heard: &mut usize) -> Vec<(String, i64)> {
    *heard = world.hear(&followers_consumer(&world.replicas[0].0), *heard).await;
    assert_eq!(figures::verify(&world.pool).await.unwrap(), [], "the histories give the same");
    let rows = told(world, GetFiguresRequest { group_by: "CATEGORY".into(), ..Default::default() }).await;
    rows.into_iter().filter(|(_, many)| *many > 0).collect()
}

fn one_of(category: &str) -> Vec<(String, i64)> {
    vec![(category.to_owned(), 1)]
}

#[tokio::test]
async fn a_report_of_what_was_closed_there_before_is_a_recurrence_until_that_is_reopened() {
    let (world, mut heard) = (World::new().await, 0);
    let first = came(&world, HERE, NEEDS_NO_PHOTO).await;
    close(&world, &first).await;
    came(&world, HERE, NEEDS_NO_PHOTO).await;
    assert_eq!(counted(&world, &mut heard).await, [], "what did not come after is none");
    world.clock.advance(TimeDelta::days(2));
    came(&world, NEAR, NEEDS_NO_PHOTO).await;
    came(&world, FAR, NEEDS_NO_PHOTO).await;
    came(&world, HERE, "85002").await;
    assert_eq!(counted(&world, &mut heard).await, one_of(NEEDS_NO_PHOTO), "near, not far nor of another category");
    reopen(&world, &first).await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, [], "it was not solved after all");
    close_again(&world, &first).await;
    assert_eq!(counted(&world, &mut heard).await, [], "the others had come before");
    world.clock.advance(TimeDelta::minutes(1));
    came(&world, HERE, NEEDS_NO_PHOTO).await;
    world.clock.advance(TimeDelta::days(31));
    came(&world, HERE, NEEDS_NO_PHOTO).await;
    assert_eq!(counted(&world, &mut heard).await, [], "none in December: more than 30 days later");
    let year = GetFiguresRequest { from_month: "2026-01".into(), until_month: "2026-12".into(), ..Default::default() };
    assert_eq!(told(&world, year).await, [(String::new(), 1)], "a year is as cheap as a month");
}

#[tokio::test]
async fn a_recurrence_moves_with_its_ticket_and_ends_when_that_is_merged_or_of_another_category() {
    let (world, mut heard) = (World::new().await, 0);
    let [trading, ice] = [came(&world, HERE, NEEDS_NO_PHOTO).await, came(&world, HERE, "10001").await];
    for id in [&trading, &ice] {
        close(&world, id).await;
    }
    world.clock.advance(TimeDelta::days(1));
    let [again, twice] = [came(&world, NEAR, NEEDS_NO_PHOTO).await, came(&world, NEAR, NEEDS_NO_PHOTO).await];
    assert_eq!(counted(&world, &mut heard).await, [(NEEDS_NO_PHOTO.to_owned(), 2)]);
    merge(&world, &twice, &again).await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, one_of(NEEDS_NO_PHOTO));
    world.claim(&world.liaison, &again).await.unwrap();
    classify(&world, &again, "10001").await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, one_of("10001"), "it comes after the other now");
    classify(&world, &again, "85002").await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, []);
    classify(&world, &again, NEEDS_NO_PHOTO).await.unwrap();
    world.dispatch(&world.liaison, &again, world.fire).await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, one_of(NEEDS_NO_PHOTO), "counted for its department now");
}

#[tokio::test]
async fn recurrences_that_were_tampered_with_are_reported_and_a_recount_mends_them() {
    let (world, mut heard) = (World::new().await, 0);
    let first = came(&world, HERE, NEEDS_NO_PHOTO).await;
    close(&world, &first).await;
    world.clock.advance(TimeDelta::minutes(1));
    came(&world, HERE, NEEDS_NO_PHOTO).await;
    assert_eq!(counted(&world, &mut heard).await, one_of(NEEDS_NO_PHOTO));
    sqlx::query("update tickets.figure set recurrences = recurrences + 3").execute(&world.pool).await.unwrap();
    let found = figures::verify(&world.pool).await.unwrap();
    let last = |counters: &Option<Vec<i64>>| *counters.as_ref().unwrap().last().unwrap();
    assert!(!found.is_empty());
    assert!(found.iter().all(|it| last(&it.kept) == last(&it.told) + 3), "{found:?}");
    assert_eq!((figures::COUNTERS.last(), found[0].told.as_ref().unwrap().len()), (Some(&"recurrences"), 25));
    figures::recount(&world.pool).await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, one_of(NEEDS_NO_PHOTO));
}

/// The schema before, which knew no recurrences.
const BEFORE: &str = "
    alter table tickets.figure drop column recurrences;
    alter table tickets.figure_ticket drop column recurs, drop column received_at, drop column closed_at, drop column gcj_lng, drop column gcj_lat;
    drop function tickets.band;
    drop function tickets.metres";

#[tokio::test]
async fn an_installation_that_knew_none_counts_those_it_has_had() {
    let (world, mut heard) = (World::new().await, 0);
    let first = came(&world, HERE, NEEDS_NO_PHOTO).await;
    close(&world, &first).await;
    world.clock.advance(TimeDelta::minutes(1));
    came(&world, NEAR, NEEDS_NO_PHOTO).await;
    assert_eq!(counted(&world, &mut heard).await, one_of(NEEDS_NO_PHOTO));
    for schema in [BEFORE, include_str!("../../migrations/0023_recurrence.sql")] {
        sqlx::raw_sql(schema).execute(&world.pool).await.unwrap();
    }
    assert_eq!(counted(&world, &mut heard).await, one_of(NEEDS_NO_PHOTO));
    reopen(&world, &first).await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, []);
}

/// Reports, closings, reopenings, mergers and new categories at three spots, heard now and then.
#[tokio::test]
async fn whatever_happens_the_kept_recurrences_are_those_of_the_histories() {
    let (world, mut heard, mut dice) = (World::new().await, 0, Dice(11));
    let (mut waiting, mut closed, mut most) = (Vec::<String>::new(), Vec::<String>::new(), 0);
    for _ in 0..160 {
        match dice.roll(8) {
            0..=2 => {
                let category = ["10001", NEEDS_NO_PHOTO][dice.roll(2)];
                waiting.push(came(&world, [HERE, NEAR, FAR][dice.roll(3)], category).await);
            }
            3 if !waiting.is_empty() => {
                let id = waiting.swap_remove(dice.roll(waiting.len() as u64));
                close(&world, &id).await;
                closed.push(id);
            }
            4 if !closed.is_empty() => {
                let id = &closed[dice.roll(closed.len() as u64)];
                if reopen(&world, id).await.is_some() && dice.roll(2) == 0 {
                    close_again(&world, id).await;
                }
            }
            5 if waiting.len() > 1 => {
                let id = waiting.swap_remove(0);
                if merge(&world, &id, &waiting[0]).await.is_none() {
                    waiting.push(id);
                }
            }
            6 if !waiting.is_empty() => {
                let id = waiting.swap_remove(dice.roll(waiting.len() as u64));
                world.claim(&world.liaison, &id).await.unwrap();
                classify(&world, &id, ["10001", NEEDS_NO_PHOTO][dice.roll(2)]).await.unwrap();
                world.dispatch(&world.liaison, &id, world.fire).await.unwrap();
            }
            _ => world.clock.advance(TimeDelta::hours([1, 9, 40][dice.roll(3)])),
        }
        if dice.roll(6) == 0 {
            most = most.max(counted(&world, &mut heard).await.iter().map(|(_, many)| many).sum());
        }
    }
    let before = counted(&world, &mut heard).await;
    assert!(most >= 10, "the walk meets recurrences: {most}");
    figures::recount(&world.pool).await.unwrap();
    assert_eq!(counted(&world, &mut heard).await, before);
}
