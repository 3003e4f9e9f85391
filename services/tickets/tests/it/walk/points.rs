//! What the points service makes of the walk: its own consumer over the same database, looked at whenever everybody rests.
use std::path::PathBuf;

use chassis::{
    cache::Cache,
    consumer::Consumer,
    feed::{Source, Waker},
    keys::Keyring,
    vault::Vault,
};
use incentives::{Incentives, ledger::reconcile};
use uuid::Uuid;

use crate::harness::World;

pub struct Points {
    consumer: Consumer,
    heard: usize,
}

/// What no award may be, and what that would mean.
const INVARIANTS: &[(&str, &str)] = &[
    (
        "select count(*) from incentives.award a join tickets.ticket t using (district_id, ticket_id)
         where t.state in ('INVALID', 'WITHDRAWN') and a.state not in ('VOID', 'REVERSED')",
        "a report that was none has points",
    ),
    (
        "select count(*) from incentives.award a join tickets.ticket c using (district_id, ticket_id)
         join tickets.ticket p on p.district_id = c.district_id and p.ticket_id = c.parent_ticket_id
         where c.state = 'MERGED' and p.state in ('INVALID', 'WITHDRAWN') and a.state not in ('VOID', 'REVERSED')",
        "who shares in a report that was none has points",
    ),
    (
        "select count(*) from tickets.ticket t where t.state = 'CLOSED' and not exists (
            select from incentives.award a where a.district_id = t.district_id and a.ticket_id = t.ticket_id and a.rule = 'REPORT'
                and a.person_id = t.reporter_id and a.state in ('ACTIVE', 'HELD'))
         and not exists (select from incentives.award_refusal n where n.district_id = t.district_id and n.ticket_id = t.ticket_id
            and n.rule = 'REPORT' and n.person_id = t.reporter_id)",
        "a closed report brought its reporter nothing",
    ),
    (
        "select count(*) from incentives.award a join tickets.ticket t using (district_id, ticket_id)
         where a.rule = 'REPORT' and a.state = 'ACTIVE' and t.closed_at is null
            and not exists (select from tickets.event e where e.district_id = t.district_id and e.ticket_id = t.ticket_id and e.to_state = 'CLOSED')",
        "points for what was never closed",
    ),
    (
        // out of the budget and back into it: what is out is there once, or not at all
        "select count(*) from (
            select t.district_id, t.ticket_id, t.person_id, split_part(coalesce(u.request_key, t.request_key), ':', 3) as rule,
                sum(case when t.debit_purpose = 'BUDGET' then t.amount when t.credit_purpose = 'BUDGET' then -t.amount else 0 end) as out
            from incentives.transfer t
            left join incentives.transfer u on u.district_id = t.district_id and u.transfer_id = t.reverses
            where t.ticket_id is not null group by 1, 2, 3, 4) moved
         left join incentives.award a using (district_id, ticket_id, person_id, rule)
         where moved.out <> case when a.state in ('PENDING', 'HELD', 'ACTIVE') then a.points else 0 end",
        "points for one ticket, rule and person that are not there once, or not gone",
    ),
];

impl Points {
    pub async fn of(world: &World) -> Self {
        incentives::MIGRATOR.run(&world.pool).await.unwrap();
        let folder: PathBuf = std::env::temp_dir().join(format!("points-{}", Uuid::now_v7()));
        let keys = |name| Keyring::load_or_create(&folder, name).unwrap();
        let (vault, cache) =
            (Vault::new(keys("vault"), keys("index")), Cache::new(&test_database::redis_url()).unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
        let waker = Waker::start(cache.clone(), "incentives");
        let (pool, clock, media) = (world.pool.clone(), world.clock.clone(), world.media.clone());
        let incentives = Incentives::new(pool.clone(), clock, vault, media, cache, waker);
        let source = |of| Source::local(pool.clone(), of);
        let [consumer, ..] = incentives.consumers(source("tickets"), source("residents"));
        Self { consumer, heard: 0 }
    }

    /// Hears everything there is so far and looks at what it made of it.
    pub async fn check(&mut self, world: &World) {
        self.heard = world.hear(&self.consumer, self.heard).await;
        assert_eq!(self.heard as i64, world.count("outbox").await, "nothing is heard twice");
        for (broken, what) in INVARIANTS {
            let many: i64 = sqlx::query_scalar(*broken).fetch_one(&world.pool).await.unwrap();
            assert_eq!(many, 0, "{what}");
        }
        let found = reconcile(&world.pool).await.unwrap();
        assert!(found.is_empty(), "{found:?}");
    }
    /// Whether the walk came to both ends, so that what was looked at was there.
    pub async fn came_to_both_ends(&self, world: &World) {
        for states in ["'VOID', 'REVERSED'", "'ACTIVE', 'HELD'"] {
            let awards =
                format!("ticket t join incentives.award a using (district_id, ticket_id) where a.state in ({states})");
            assert!(world.count(&awards).await > 0, "no award is {states}");
        }
    }
}
