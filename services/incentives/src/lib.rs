//! Points earned by reports, and the prizes they are exchanged for.
//!
//! ```text
//! tickets ──feed──▶ awards ──▶ BUDGET → PENDING → AVAILABLE ⇄ RESERVED → REDEEMED     every arrow one immutable transfer
//!                                            (void → BUDGET)      ▲   ▲
//! residents ─feed─▶ pick-up points ──▶ prizes (stock) ── redeem ──┘   └── cancel, expire (sweeper), hand over
//!                                      vouchers (codes) ─ redeem ──▶ REDEEMED at once, with a code that is given once
//! ```
use std::{sync::Arc, time::Duration};

use chassis::{
    cache::Cache,
    clock::Clock,
    consumer::{Apply, Consumer, Effect},
    faults::Fault,
    feed::{Feed, Source, Waker},
    keys::Keyring,
    media::MediaIds,
    ops::Readiness,
    outbox::Outbox,
    server::Parts,
    vault::Vault,
    verifier::KeySource,
};
use proto::{
    events::v1::feed_service_server::FeedServiceServer,
    incentives::v1::{
        award_service_server::AwardServiceServer, earning_rule_service_server::EarningRuleServiceServer,
        month_service_server::MonthServiceServer, points_service_server::PointsServiceServer,
        prize_service_server::PrizeServiceServer, ranking_service_server::RankingServiceServer,
        redemption_service_server::RedemptionServiceServer,
    },
};
use sqlx::PgPool;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

pub mod audit;
mod award;
mod awarding;
mod error;
mod events;
pub mod ledger;
mod month;
mod opening;
mod points;
mod prize;
mod qr;
pub mod ranking;
mod redemption;
mod rules;
mod store;
mod voucher;
mod wire;

pub mod ops;
pub mod rpc;
pub mod sweep;

pub use error::Refusal;
pub use month::{MonthTerms, Tier};
pub use opening::{Opening, Span, Weekly};
pub use points::{Balances, Bucket, Entry};
pub use prize::{PointEdit, Prize, PrizeRow, RowError};
pub use redemption::{Redemption, State};
pub use voucher::VoucherRow;

/// Long enough for a crowd's awards to share their statements, short enough for nobody to notice.
const GATHER: Duration = Duration::from_millis(100);

/// The migrations of this service's schema.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

const SCHEMA: &str = "incentives";

/// What every operation works with.
#[derive(Clone)]
pub struct Incentives {
    pub pool: PgPool,
    pub clock: Clock,
    /// Seals pick-up codes.
    pub vault: Vault,
    /// Tells whose a photo of a prize is, and where it can be seen.
    pub media: MediaIds,
    pub cache: Cache,
    pub waker: Waker,
    /// The database's name, once it was asked for.
    named: Arc<OnceCell<String>>,
}

impl Incentives {
    /// The service over its parts; nothing is started.
    pub fn new(pool: PgPool, clock: Clock, vault: Vault, media: MediaIds, cache: Cache, waker: Waker) -> Self {
        Self { pool, clock, vault, media, cache, waker, named: Arc::default() }
    }

    /// The name of the database: what is kept of it elsewhere carries it.
    pub async fn database_name(&self) -> Result<&str, Fault> {
        let asked = || async {
            sqlx::query_scalar!(r#"select current_database()::text as "name!""#).fetch_one(&self.pool).await
        };
        Ok(self.named.get_or_try_init(asked).await?)
    }

    /// All RPC services, ready to be served.
    pub fn routes(&self) -> Routes {
        let feed = Feed(Outbox::new(self.pool.clone(), SCHEMA));
        let mut routes = Routes::builder();
        routes
            .add_service(PointsServiceServer::new(rpc::Points(self.clone())))
            .add_service(PrizeServiceServer::new(rpc::Prizes(self.clone())))
            .add_service(AwardServiceServer::new(rpc::Awards(self.clone())))
            .add_service(EarningRuleServiceServer::new(rpc::EarningRules(self.clone())))
            .add_service(MonthServiceServer::new(rpc::Months(self.clone())))
            .add_service(RankingServiceServer::new(rpc::Ranking(self.clone())))
            .add_service(RedemptionServiceServer::new(rpc::Redemptions(self.clone())))
            .add_service(FeedServiceServer::new(feed));
        routes.routes()
    }

    /// What this service hears: tickets for awards, residents for pick-up points.
    pub fn consumers(&self, tickets: Source, residents: Source) -> [Consumer; 3] {
        let consumer = |producer, purpose, source, apply: Apply| {
            let pool = self.pool.clone();
            Consumer { pool, schema: SCHEMA, producer, purpose, source, effect: Effect::Within(apply), gather: GATHER }
        };
        [
            consumer("tickets", "", tickets, Arc::new(events::hear_tickets)),
            consumer("residents", "", residents.clone(), Arc::new(events::hear_residents)),
            // a subscription of its own, so that an installation older than the ranking hears of everybody
            consumer("residents", ".members", residents, Arc::new(events::hear_members)),
        ]
    }

    fn run(&self, consumers: [Consumer; 3], tickets: Source, readiness: &Readiness, stop: &CancellationToken) {
        for consumer in consumers {
            let gate = readiness.gate(if consumer.purpose.is_empty() { consumer.producer } else { "members" });
            tokio::spawn(consumer.run(self.cache.clone(), gate, stop.clone()));
        }
        tokio::spawn(ranking::run(self.clone(), Duration::from_millis(500), stop.clone()));
        tokio::spawn(sweep::run(self.clone(), tickets, Duration::from_secs(1), stop.clone()));
    }
}

/// Serves this role until stopped.
pub async fn serve(loaded: chassis::config::Loaded, stop: CancellationToken) -> Result<(), Fault> {
    let parts = Parts::open(SCHEMA, loaded, stop)?;
    let keys = |name| Keyring::load_or_create(&parts.loaded.settings.keys_dir, name).map_err(Fault::internal);
    let vault = Vault::new(keys("vault")?, keys("index")?);
    let (pool, clock, cache) = (parts.pool.clone(), parts.clock.clone(), parts.cache.clone());
    let incentives = Incentives::new(pool, clock, vault, MediaIds::new(keys("media")?), cache, parts.waker.clone());
    let (tickets, residents) = (parts.peer("tickets")?, parts.peer("residents")?);
    let consumers = incentives.consumers(Source::Remote(tickets.clone()), Source::Remote(residents.clone()));
    incentives.run(consumers, Source::Remote(tickets), &parts.readiness, &parts.stop);
    tokio::spawn(audit::chain(&parts.pool).run(parts.clock.clone(), parts.stop.clone()));
    tokio::spawn(ledger::chain(&parts.pool).run(parts.clock.clone(), parts.stop.clone()));
    let routes = incentives.routes();
    parts.serve(routes, KeySource::Asked(residents)).await
}
