use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value;
use sqlx::Row;
use tickets::sweep;
use tonic::Code;

use crate::harness::{NEEDS_NO_PHOTO, World, people::Person, report};

/// A small generator: the same seed walks the same way.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides).unwrap()
    }
}

/// One of everybody's moves on one of the tickets; a refusal is an answer too.
async fn move_one(world: &World, dice: &mut Dice, ids: &[String], liaisons: &[Person]) {
    let (id, liaison) = (&ids[dice.roll(ids.len() as u64)], &liaisons[dice.roll(2)]);
    let mate = Person { posts: world.handler.posts.clone(), ..liaison.clone() };
    let handler = [&world.handler, &mate][dice.roll(2)];
    let unwell = |status: &tonic::Status| matches!(status.code(), Code::Internal | Code::Unavailable | Code::Unknown);
    let outcome = match dice.roll(50) {
        0 => return pass(world, TimeDelta::hours(25)).await,
        roll @ 1..=5 => return pass(world, TimeDelta::minutes(2 * roll as i64)).await,
        roll => roll % 9,
    };
    let outcome = match outcome {
        0 | 1 => world.claim(liaison, id).await,
        2 | 3 => world.dispatch(liaison, id, world.housing).await,
        4 => world.accept(handler, id).await,
        5 | 6 => world.resolve(handler, id, &[]).await,
        7 => world.rate(&world.courier, id, false, "还是滑").await,
        _ => world.rate(&world.courier, id, true, "").await,
    };
    assert!(!outcome.as_ref().is_err_and(unwell), "{outcome:?}");
}

/// Lets time go on, as every replica notices by itself.
async fn pass(world: &World, time: TimeDelta) {
    world.clock.advance(time);
    sweep::sweep(world.service(), world.clock.now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_everybody_does_at_once_histories_are_whole_and_replay_to_their_rows() {
    let world = Arc::new(World::new().await);
    let liaisons = Arc::new([Person::liaison(world.gongnong, "gn.xy"), world.liaison.clone()]);
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(world.report(&world.courier, report(NEEDS_NO_PHOTO)).await.unwrap().ticket_id);
    }
    let ids = Arc::new(ids);
    let walkers = (1..=8).map(|seed| {
        let (world, ids, liaisons) = (world.clone(), ids.clone(), liaisons.clone());
        tokio::spawn(async move {
            let mut dice = Dice(seed);
            for _ in 0..80 {
                move_one(&world, &mut dice, &ids, &liaisons[..]).await;
            }
        })
    });
    let walkers: Vec<_> = walkers.collect();
    for walker in walkers {
        walker.await.unwrap();
    }
    for id in ids.iter() {
        replay(&world, id.parse().unwrap()).await;
    }
    let taken: i64 = sqlx::query_scalar("select count(distinct transition) from tickets.event")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(taken >= 7, "only {taken} rows of the table were walked");
    assert_eq!(world.count("event").await, world.count("outbox").await, "no event untold");
    assert_eq!(
        world.count("ticket where (due_at is null) <> (state in ('CLOSED', 'INVALID', 'MERGED', 'WITHDRAWN'))").await,
        0,
        "a deadline for everything that is open, and for nothing else"
    );
    pass(&world, TimeDelta::days(30)).await;
    assert_eq!(
        world.count("ticket where state in ('POOL', 'CLAIMED', 'COORDINATION', 'DISPATCHED')").await,
        0,
        "nobody rests"
    );
}

/// Adds up a history: no number missing, every step begins where the one before ended, and the sum is the row.
pub async fn replay(world: &World, id: uuid::Uuid) {
    let events = sqlx::query("select * from tickets.event where ticket_id = $1 order by sequence").bind(id);
    let events = events.fetch_all(&world.pool).await.unwrap();
    let (mut state, mut facts) = (String::new(), serde_json::Map::new());
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event.get::<i64, _>("sequence"), i64::try_from(at).unwrap() + 1);
        assert_eq!(event.get::<String, _>("from_state"), state);
        state = event.get("to_state");
        if let Value::Object(told) = event.get::<Value, _>("facts") {
            facts.extend(told);
        }
    }
    let (same, known): (bool, bool) = sqlx::query_as(
        "select jsonb_populate_record(t, $2) = t and t.version = $3 and t.state = $4,
            not exists (select from jsonb_object_keys($2) k where not to_jsonb(t) ? k)
        from tickets.ticket t where ticket_id = $1",
    )
    .bind(id)
    .bind(Value::Object(facts))
    .bind(i64::try_from(events.len()).unwrap())
    .bind(state)
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert!(same && known, "the history of {id} replays to its row");
}
