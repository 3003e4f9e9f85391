use chassis::{consumer, feed::Source};
use futures::future::join_all;
use proto::{
    events::v1::Position,
    finance::v1::{FundEntryRecorded, fund_entry::Kind},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sqlx::PgPool;

use crate::harness::World;

/// Recounts every account from its legs: balance, gap-free versions, every balance in between; and one event an entry.
pub async fn audit(pool: &PgPool) {
    let wrong: i64 = sqlx::query_scalar(
        "with leg as (
            select district_id, debit_owner_id as owner_id, debit_purpose as purpose, -amount as amount,
                debit_version as version, debit_balance_after as balance_after
            from finance.transfer where debit_version is not null
            union all
            select district_id, credit_owner_id, credit_purpose, amount, credit_version, credit_balance_after
            from finance.transfer where credit_version is not null),
        running as (
            select *, sum(amount) over (partition by district_id, owner_id, purpose order by version) as sum,
                row_number() over (partition by district_id, owner_id, purpose order by version) as number
            from leg),
        counted as (
            select district_id, owner_id, purpose, sum(amount) as posted, count(*) as version,
                bool_and(version = number and balance_after = sum and sum >= 0) as sound
            from running group by 1, 2, 3)
        select count(*) from finance.account a full join counted c using (district_id, owner_id, purpose)
        where (a.posted, a.version) is distinct from (c.posted, c.version) or not c.sound",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(wrong, 0, "an account differs from its legs");
    let sum: i64 = sqlx::query_scalar(
        "select ((select coalesce(sum(posted), 0) from finance.account)
            + (select coalesce(sum(case credit_purpose when 'OUTSIDE' then amount else 0 end
                - case debit_purpose when 'OUTSIDE' then amount else 0 end), 0) from finance.transfer))::bigint",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(sum, 0, "the ledger does not sum to zero");
    let untold: i64 = sqlx::query_scalar(
        "select count(*) from finance.transfer t full join finance.outbox o on (o.payload->>'entry_id')::uuid = t.entry_id
        where t.entry_id is null or o.event_id is null",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(untold, 0, "an entry was not told, or something was told that is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_hammering_by_many_every_answer_is_in_the_ledger_once() {
    let seed = rand::random::<u64>();
    let world = World::new().await;
    let caller = |caller: u64| {
        let world = &world;
        async move {
            let mut random = StdRng::seed_from_u64(seed.wrapping_add(caller));
            let (mut recorded, mut sum) = (0, 0);
            for _ in 0..40 {
                let purpose = ["REPAIR", "LIVELIHOOD", "PROPERTY_SERVICE"][random.random_range(0..3)];
                let kind = if random.random_bool(0.5) { Kind::Income } else { Kind::Spending };
                let amount = random.random_range(1..1000);
                if world.record(world.entry(kind, purpose, amount)).await.is_ok() {
                    recorded += 1;
                    sum += if kind == Kind::Income { amount } else { -amount };
                }
            }
            (recorded, sum)
        }
    };
    let done = join_all((0..12).map(caller)).await;
    let (recorded, sum) = done.into_iter().fold((0i64, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    assert!(recorded > 100, "seed {seed}: only {recorded} entries");
    let held: (i64, i64) = sqlx::query_as(
        "select (select count(*) from finance.transfer), (select sum(posted)::bigint from finance.account)",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(held, (recorded, sum), "seed {seed}");
    audit(&world.pool).await;
}

#[tokio::test]
async fn an_entry_never_changes_and_never_goes() {
    let world = World::new().await;
    world.record(world.entry(Kind::Income, "REPAIR", 10)).await.unwrap();
    for statement in
        ["update finance.transfer set amount = 1", "delete from finance.transfer", "truncate finance.transfer"]
    {
        let error = sqlx::query(statement).execute(&world.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    audit(&world.pool).await;
}

#[tokio::test]
async fn an_entry_is_told_to_the_others() {
    let world = World::new().await;
    let entry = world.record(world.entry(Kind::Income, "REPAIR", 10)).await.unwrap();
    let source = Source::local(world.pool.clone(), "finance");
    let read = async {
        loop {
            let events = source.read(Position::default(), 10).await.unwrap();
            if let Some(event) = events.into_iter().next() {
                return event;
            }
            tokio::task::yield_now().await;
        }
    };
    let event = tokio::time::timeout(std::time::Duration::from_secs(20), read).await.unwrap();
    let told: FundEntryRecorded = consumer::payload(&event).unwrap().unwrap();
    assert_eq!((told.entry_id.as_str(), told.amount_fen, told.kind()), (entry.entry_id.as_str(), 10, Kind::Income));
    assert_eq!((told.purpose.as_str(), told.at), ("REPAIR", entry.recorded_at));
}
