//! A bank's test: many callers at once do everything there is, repeat it, are cut off in the middle; at quiet moments the books are
//! checked against the raw rows.
use std::{collections::HashMap, sync::Mutex, time::Duration};

use chassis::{clock::timestamp, feed::Source};
use chrono::TimeDelta;
use incentives::sweep::{sweep, sweep_lots, sweep_vouchers};
use proto::incentives::v1::{Redemption, redemption::State};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{audit::audit, harness::World, teller::Teller};

const CALLERS: usize = 64;
const ROUNDS: usize = 5;
const STEPS: usize = 9;

/// What all callers share: whom and what it is about, and what they were told.
pub struct Bank {
    pub world: World,
    pub people: Vec<Uuid>,
    pub goods: Vec<Uuid>,
    pub voucher: Uuid,
    pub told: Mutex<Told>,
}

/// What was acknowledged; it must be so ever after.
#[derive(Default)]
pub struct Told {
    /// Redemption → what was answered last, and whose it is.
    pub redemptions: HashMap<String, (Redemption, Uuid)>,
    /// Activity → to how many people.
    pub grants: HashMap<Uuid, i64>,
    pub stock_takes: HashMap<Uuid, i64>,
    /// Entry → what undid it.
    pub reversals: HashMap<String, String>,
    /// How often each kind of call was answered, refused, cut off.
    pub counts: HashMap<String, usize>,
}

impl Bank {
    async fn open() -> Self {
        let world = World::new().await;
        world.line("REPORT", "10101", 10).await;
        let mut rules = world.rules().await;
        rules["expiry_months"] = 1.into();
        world.put_rules(rules).await;
        let people = (0..24).map(|_| Uuid::now_v7()).collect();
        let goods = vec![
            world.prize("手套", 7, 60).await,
            world.prize("大米", 13, 40).await,
            world.prize("充电宝", 25, 3).await,
        ];
        let voucher = world.voucher("早餐券", 5).await;
        let row = |number| incentives::VoucherRow {
            name: "早餐券".to_owned(),
            pickup_place_path: crate::harness::PICKUP.to_owned(),
            code: format!("ZC-{number:06}"),
            ..Default::default()
        };
        let rows: Vec<_> = (0..30).map(row).collect();
        let (vault, clock) = (&world.state.vault, &world.state.clock);
        incentives::ops::import_vouchers(&world.pool, vault, clock, world.district, &rows).await.unwrap();
        Self { world, people, goods, voucher, told: Mutex::default() }
    }

    /// Lets everything be heard, then checks the books.
    async fn check(&self) {
        let source = |schema| Source::local(self.world.pool.clone(), schema);
        let [tickets, ..] = self.world.state.consumers(source("tickets"), source("residents"));
        let left = "select count(*) from tickets.outbox o
            where (o.tx, o.event_id) > (select s.tx, s.event_id from incentives.subscription s where s.producer = 'tickets')";
        let heard = async {
            while self.number(left).await > 0 {
                tickets.catch_up().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), heard).await.expect("all events are heard");
        audit(&self.world.pool).await;
        assert_eq!(incentives::ledger::reconcile(&self.world.pool).await.unwrap(), []);
        for (wrong, count) in BOOKS {
            assert_eq!(self.number(count).await, 0, "{wrong}");
        }
        self.acknowledged().await;
    }

    async fn number(&self, count: &'static str) -> i64 {
        sqlx::query_scalar(count).fetch_one(&self.world.pool).await.unwrap()
    }

    /// What was answered stands in the rows, once.
    async fn acknowledged(&self) {
        let found: Vec<(Uuid, String, bool)> =
            sqlx::query_as("select redemption_id, state, held from incentives.redemption")
                .fetch_all(&self.world.pool)
                .await
                .unwrap();
        let states: HashMap<String, (String, bool)> =
            found.into_iter().map(|(id, state, held)| (id.to_string(), (state, held))).collect();
        let (answers, grants, takes, reversals) = {
            let told = self.told.lock().unwrap();
            (told.redemptions.clone(), told.grants.clone(), told.stock_takes.clone(), told.reversals.len())
        };
        for (id, (answer, _)) in &answers {
            let (state, held) = states.get(id).map(|(state, held)| (state.as_str(), *held)).unwrap_or_default();
            let may_be: &[&str] = match answer.state() {
                State::Cancelled if held => &["CANCELLED"],
                // handed over before it was cancelled, and told later
                State::Cancelled => &["HANDED_OVER", "RETURNED"],
                State::Returned => &["RETURNED"],
                State::HandedOver => &["HANDED_OVER", "RETURNED"],
                _ => &["RESERVED", "HANDED_OVER", "CANCELLED", "EXPIRED", "RETURNED"],
            };
            assert!(may_be.contains(&state), "{id} was told {:?} and is {state:?}", answer.state());
        }
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as("select activity_id, count(*) from incentives.transfer where kind = 'GRANT' group by 1")
                .fetch_all(&self.world.pool)
                .await
                .unwrap();
        let rows: HashMap<Uuid, i64> = rows.into_iter().collect();
        assert!(grants.iter().all(|(id, people)| rows.get(id) == Some(people)), "a grant that was not made once");
        let rows: Vec<(Uuid, i64)> = sqlx::query_as("select stock_take_id, counted from incentives.stock_take")
            .fetch_all(&self.world.pool)
            .await
            .unwrap();
        let rows: HashMap<Uuid, i64> = rows.into_iter().collect();
        assert!(takes.iter().all(|(id, counted)| rows.get(id) == Some(counted)), "a stock-take that was lost");
        let undone = self.number("select count(*) from incentives.transfer where kind = 'REVERSE'").await;
        assert!(undone >= i64::try_from(reversals).unwrap(), "a reversal that was lost");
    }
}

/// Counts of what must not be.
const BOOKS: [(&str, &str); 6] = [
    (
        "a reservation's points were not posted or given back exactly once",
        "select count(*) from incentives.redemption r
        cross join lateral (select count(*) filter (where t.credit_purpose = 'RESERVED') as held,
            count(*) filter (where t.debit_purpose = 'RESERVED') as ended
            from incentives.transfer t where t.district_id = r.district_id and t.redemption_id = r.redemption_id) t
        where (t.held, t.ended) <> (case r.kind when 'GOODS' then 1 else 0 end,
            case when r.kind = 'VOUCHER' or r.state = 'RESERVED' then 0 else 1 end)",
    ),
    (
        "an award's points were not posted or given back exactly once",
        "select count(*) from incentives.award a
        cross join lateral (select count(*) filter (where t.credit_purpose = 'PENDING') as held,
            count(*) filter (where t.debit_purpose = 'PENDING') as ended
            from incentives.transfer t where t.district_id = a.district_id and t.ticket_id = a.ticket_id) t
        where (t.held, t.ended) <> (a.round + 1, a.round + case when a.state in ('PENDING', 'HELD') then 0 else 1 end)",
    ),
    (
        "a prize was supplied with something else than was brought, counted and written off",
        "select count(*) from incentives.prize p where p.kind = 'GOODS' and p.supplied <>
            case p.name when '手套' then 60 when '大米' then 40 else 3 end
            + (select coalesce(sum(s.counted - s.expected), 0) from incentives.stock_take s where s.prize_id = p.prize_id)
            - (select coalesce(sum(r.quantity), 0) from incentives.redemption r
                where r.prize_id = p.prize_id and r.state = 'RETURNED' and not r.restocked)",
    ),
    (
        "a key had two effects",
        "select count(*) from (select request_key from incentives.transfer group by district_id, request_key having count(*) > 1) t",
    ),
    (
        "a transfer was undone twice or by something else than its opposite",
        "select count(*) from incentives.transfer r
        left join incentives.transfer t on t.district_id = r.district_id and t.transfer_id = r.reverses
        where r.kind = 'REVERSE' and (t.amount, t.person_id) is distinct from (r.amount, r.person_id)",
    ),
    ("two callers waited for each other", "select deadlocks from pg_stat_database where datname = current_database()"),
];

/// Moves the clock and sweeps as replicas do, while the others go on.
pub async fn pass_time(world: &World, random: &mut StdRng) {
    world.state.clock.advance(TimeDelta::minutes(random.random_range(1..2000)));
    sweep(&world.state).await.unwrap();
    sweep_vouchers(&world.state).await.unwrap();
    sweep_lots(&world.state).await.unwrap();
}

/// The seed of this run; the one of a run before can be given to have its choices again.
fn seed() -> u64 {
    let given = std::env::var("BANK_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(rand::random)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_sixty_four_callers_do_at_once_the_books_are_right() {
    let seed = seed();
    // a failing test shows what it wrote
    std::io::Write::write_all(&mut std::io::stderr(), format!("BANK_SEED={seed}\n").as_bytes()).unwrap();
    let bank = std::sync::Arc::new(Bank::open().await);
    for round in 0..ROUNDS {
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let number = u64::try_from(round * CALLERS + caller).unwrap();
            let mut teller = Teller { bank: bank.clone(), random: StdRng::seed_from_u64(seed.wrapping_add(number)) };
            callers.spawn(async move {
                for _ in 0..STEPS {
                    teller.step().await;
                }
            });
        }
        while let Some(ended) = callers.join_next().await {
            ended.unwrap_or_else(|wrong| panic!("BANK_SEED={seed}: {wrong}"));
        }
        bank.check().await;
    }
    let told = bank.told.lock().unwrap();
    let counts: std::collections::BTreeMap<_, _> = told.counts.iter().collect();
    std::io::Write::write_all(&mut std::io::stderr(), format!("{counts:#?}\n").as_bytes()).unwrap();
    for done in ["earn", "grant", "redeem", "cancel", "hand over", "take back", "reverse", "count", "cut off"] {
        assert!(counts.get(&done.to_owned()).is_some_and(|many| **many > 5), "BANK_SEED={seed}: {done}: {counts:?}");
    }
    assert!(told.redemptions.len() > 100, "BANK_SEED={seed}: only {} redemptions", told.redemptions.len());
}

/// When something happened some time ago, for a device without a network.
pub fn ago(world: &World, random: &mut StdRng) -> Option<prost_types::Timestamp> {
    random.random_bool(0.5).then(|| timestamp(world.now() - TimeDelta::minutes(random.random_range(0..4300))))
}
