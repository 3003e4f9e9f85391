use std::collections::HashSet;

use chassis::faults::broken_constraint;
use futures::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use uuid::Uuid;

use crate::{
    audit::audit,
    cancel::cancel,
    hand_over::hand_over,
    harness::{COMMUNITY, World},
    redeem::redeem,
};

/// What one caller did, recounted afterwards.
#[derive(Default)]
struct Done {
    reserved: HashSet<String>,
    cancelled: HashSet<String>,
    handed_over: HashSet<String>,
}

async fn act(world: &World, people: &[Uuid], prizes: &[Uuid], seed: u64) -> Done {
    let mut random = StdRng::seed_from_u64(seed);
    let mut done = Done::default();
    let mut open: Vec<(Uuid, String, String)> = Vec::new();
    let worker = Uuid::now_v7();
    for _ in 0..40 {
        match random.random_range(0..4) {
            0 | 1 => {
                let (person, prize) = (*people.choose(&mut random).unwrap(), *prizes.choose(&mut random).unwrap());
                if let Ok(redemption) = redeem(world, person, Uuid::now_v7(), prize, random.random_range(1..4)).await {
                    done.reserved.insert(redemption.redemption_id.clone());
                    open.push((person, redemption.redemption_id, redemption.code));
                }
            }
            2 if !open.is_empty() => {
                let (person, id, _) = open.swap_remove(random.random_range(0..open.len()));
                if cancel(world, person, id.parse().unwrap()).await.is_ok() {
                    done.cancelled.insert(id);
                }
            }
            3 if !open.is_empty() => {
                let (_, id, code) = open.swap_remove(random.random_range(0..open.len()));
                if hand_over(world, worker, COMMUNITY, &code).await.is_ok() {
                    done.handed_over.insert(id);
                }
            }
            _ => {}
        }
    }
    done
}

async fn in_state(world: &World, state: &str) -> i64 {
    let count = sqlx::query_scalar("select count(*) from incentives.redemption where state = $1");
    count.bind(state).fetch_one(&world.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_hammering_by_many_the_ledger_is_what_was_answered() {
    let seed = rand::random::<u64>();
    let world = World::new().await;
    let people: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    for person in &people {
        world.earn(*person, 200).await;
    }
    let prizes =
        [world.prize("手套", 3, 60).await, world.prize("大米", 12, 30).await, world.prize("早餐券", 1, 90).await];
    let callers = (0..16).map(|caller| act(&world, &people, &prizes, seed.wrapping_add(caller)));
    // awards arrive meanwhile, in batches that touch the same accounts
    let awards = async {
        for _ in 0..10 {
            for person in &people {
                let ticket = Uuid::now_v7();
                world.ticket(ticket, *person, "10101", "POOL", "CLAIMED").await;
                world.ticket(ticket, *person, "10101", "FEEDBACK", "CLOSED").await;
            }
            world.hear(16).await;
        }
    };
    let (done, ()) = tokio::join!(join_all(callers), awards);
    let count = |of: fn(&Done) -> usize| i64::try_from(done.iter().map(of).sum::<usize>()).unwrap();
    let (cancelled, given) = (count(|done| done.cancelled.len()), count(|done| done.handed_over.len()));
    let reserved = count(|done| done.reserved.len());
    assert!(reserved > 20, "seed {seed}: only {reserved} reservations");
    assert_eq!(in_state(&world, "CANCELLED").await, cancelled, "seed {seed}");
    assert_eq!(in_state(&world, "HANDED_OVER").await, given, "seed {seed}");
    assert_eq!(in_state(&world, "RESERVED").await, reserved - cancelled - given, "seed {seed}");
    audit(&world.pool).await;
}

/// The trap of SQL.md: a leg lost in silence after a lock wait.
#[tokio::test(flavor = "multi_thread")]
async fn postings_over_few_accounts_from_many_connections_lose_no_leg() {
    let world = World::new().await;
    let people: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    for person in &people {
        world.earn(*person, 1000).await;
    }
    let seed = rand::random::<u64>();
    let hammer = (0..12u64).map(|caller| {
        let (pool, people, district) = (world.pool.clone(), people.clone(), world.district);
        tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(caller));
            for _ in 0..40 {
                // a batch over random members, back and forth between two of their accounts
                let batch: Vec<Uuid> = (0..random.random_range(1..6)).map(|_| *people.choose(&mut random).unwrap()).collect();
                let forth = random.random_bool(0.6);
                let (debit, credit) = if forth { ("AVAILABLE", "RESERVED") } else { ("RESERVED", "AVAILABLE") };
                let keys: Vec<String> = batch.iter().map(|_| Uuid::now_v7().to_string()).collect();
                let posted = sqlx::query(
                    "select incentives.post(array_agg(row($1, p.person, 'RESERVE', 1, $4, $5, '', null, null, p.key, now(), null, null, null, null)\
                     ::incentives.posting)) from unnest($2::uuid[], $3::text[]) p (person, key)",
                )
                .bind(district).bind(&batch).bind(&keys).bind(debit).bind(credit)
                .execute(&pool).await;
                // whatever cannot be paid is refused; nothing else goes wrong, least of all waiting in a circle
                if let Err(error) = posted {
                    assert_eq!(broken_constraint(&error), Some("balance_not_negative"), "seed {seed}: {error}");
                }
            }
        })
    });
    for task in join_all(hammer).await {
        task.unwrap();
    }
    let posted: i64 =
        sqlx::query_scalar("select count(*) from incentives.transfer").fetch_one(&world.pool).await.unwrap();
    assert!(posted > 300, "seed {seed}: only {posted} transfers");
    crate::audit::accounts(&world.pool).await;
}

#[tokio::test]
async fn a_transfer_never_changes_and_never_goes() {
    let world = World::new().await;
    world.earn(Uuid::now_v7(), 10).await;
    for statement in
        ["update incentives.transfer set amount = 1", "delete from incentives.transfer", "truncate incentives.transfer"]
    {
        let error = sqlx::query(statement).execute(&world.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    audit(&world.pool).await;
}
