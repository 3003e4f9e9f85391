//! The money of the compounds: one fund each, with an account for every purpose its money is earmarked for.
//!
//! ```text
//! residents ──feed──▶ funds, names
//! property office ──▶ INCOME: OUTSIDE → purpose · SPENDING: purpose → OUTSIDE     every entry one immutable transfer
//! residents of the compound ──▶ balances and every entry
//! WeChat ◀──payer──▶ transfers of payouts, asked about until they end (see `payer`)
//! incentives ─feed─▶ payouts: WAITING → READY → SENT → PAID     award fund: OUTSIDE → AVAILABLE ⇄ HELD → OUTSIDE
//! ```
use std::sync::Arc;

use chassis::{
    chain::Chain,
    clock::Clock,
    consumer::{Apply, Consumer, Effect},
    faults::Fault,
    feed::{Feed, Source, Waker},
    keys::Keyring,
    media::MediaIds,
    outbox::Outbox,
    server::Parts,
    vault::Vault,
    verifier::KeySource,
};
use proto::{
    events::v1::feed_service_server::FeedServiceServer,
    finance::v1::{
        fund_service_server::FundServiceServer, payout_service_server::PayoutServiceServer,
        wechat_service_server::WechatServiceServer,
    },
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

mod error;
mod events;
mod fund;
mod payout;
mod store;
mod transfer;
mod wire;

pub mod ops;
pub mod payer;
pub mod rpc;
pub mod strangers;
pub mod wechat;

pub use error::Refusal;
pub use fund::{Entry, Fund, Kind, NewEntry, Purpose};
pub use payout::Ordered;

use self::wechat::{WeChat, WeChatSettings};

/// The migrations of this service's schema.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

const SCHEMA: &str = "finance";

/// What every operation works with.
#[derive(Clone)]
pub struct Finance {
    pub pool: PgPool,
    pub clock: Clock,
    /// Tells whose a voucher photo is, and where it can be read.
    pub media: MediaIds,
    /// Seals bank accounts and openids.
    pub vault: Vault,
    pub waker: Waker,
    /// Pays cash awards, where there is a merchant.
    pub wechat: Option<WeChat>,
}

impl Finance {
    /// The service over its parts; nothing is started.
    pub fn new(pool: PgPool, clock: Clock, media: MediaIds, vault: Vault, waker: Waker) -> Self {
        Self { pool, clock, media, vault, waker, wechat: None }
    }

    /// The same, paying by WeChat.
    #[must_use]
    pub fn with_wechat(self, wechat: Option<WeChat>) -> Self {
        Self { wechat, ..self }
    }

    /// All RPC services, ready to be served.
    pub fn routes(&self) -> Routes {
        let feed = Feed(Outbox::new(self.pool.clone(), SCHEMA));
        let mut routes = Routes::builder();
        routes
            .add_service(FundServiceServer::new(rpc::Funds(self.clone())))
            .add_service(PayoutServiceServer::new(rpc::Payouts(self.clone())))
            .add_service(WechatServiceServer::new(rpc::Wechat(self.clone())))
            .add_service(FeedServiceServer::new(feed));
        routes.routes()
    }

    /// What this service hears: residents for compounds and names, incentives for who is to be paid.
    pub fn consumers(&self, residents: Source, incentives: Source) -> [Consumer; 2] {
        let consumer = |producer, source, apply: Apply| Consumer {
            pool: self.pool.clone(),
            schema: SCHEMA,
            producer,
            purpose: "",
            source,
            effect: Effect::Within(apply),
            gather: std::time::Duration::ZERO,
        };
        [
            consumer("residents", residents, Arc::new(events::hear_residents)),
            consumer("incentives", incentives, Arc::new(events::hear_incentives)),
        ]
    }
}

/// The chain over what the staff did with money.
pub fn audit_chain(pool: &PgPool) -> Chain {
    Chain { pool: pool.clone(), schema: SCHEMA, table: "audit", id: "audit_id" }
}

/// Serves this role until stopped.
pub async fn serve(loaded: chassis::config::Loaded, stop: CancellationToken) -> Result<(), Fault> {
    let parts = Parts::open(SCHEMA, loaded, stop)?;
    let keys = |name| Keyring::load_or_create(&parts.loaded.settings.keys_dir, name).map_err(Fault::internal);
    let (media, vault) = (MediaIds::new(keys("media")?), Vault::new(keys("vault")?, keys("index")?));
    let wechat = WeChat::open(parts.loaded.role::<WeChatSettings>()?, &parts.loaded.settings, parts.clock.clone())?;
    let finance = Finance::new(parts.pool.clone(), parts.clock.clone(), media, vault, parts.waker.clone());
    let finance = finance.with_wechat(wechat);
    if let Some(wechat) = finance.wechat.clone() {
        tokio::spawn(payer::run(finance.clone(), wechat, parts.stop.clone()));
    }
    tokio::spawn(audit_chain(&parts.pool).run(parts.clock.clone(), parts.stop.clone()));
    tokio::spawn(strangers::watch(finance.clone(), parts.stop.clone()));
    let (residents, incentives) = (parts.peer("residents")?, parts.peer("incentives")?);
    for consumer in finance.consumers(Source::Remote(residents.clone()), Source::Remote(incentives)) {
        let gate = parts.readiness.gate(consumer.producer);
        tokio::spawn(consumer.run(parts.cache.clone(), gate, parts.stop.clone()));
    }
    parts.serve(finance.routes(), KeySource::Asked(residents)).await
}
