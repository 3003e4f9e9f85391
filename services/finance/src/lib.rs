//! The money of the compounds: one fund each, with an account for every purpose its money is earmarked for.
//!
//! ```text
//! residents ──feed──▶ funds, names
//! property office ──▶ INCOME: OUTSIDE → purpose · SPENDING: purpose → OUTSIDE     every entry one immutable transfer
//! residents of the compound ──▶ balances and every entry
//! ```
use std::sync::Arc;

use chassis::{
    clock::Clock,
    consumer::{Consumer, Effect},
    faults::Fault,
    feed::{Feed, Source, Waker},
    keys::Keyring,
    media::MediaIds,
    server::Parts,
    verifier::KeySource,
};
use proto::{events::v1::feed_service_server::FeedServiceServer, finance::v1::fund_service_server::FundServiceServer};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

mod error;
mod events;
mod fund;
mod store;
mod wire;

pub mod ops;
pub mod rpc;

pub use error::Refusal;
pub use fund::{Entry, Fund, Kind, NewEntry, Purpose};

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
    pub waker: Waker,
}

impl Finance {
    /// The service over its parts; nothing is started.
    pub fn new(pool: PgPool, clock: Clock, media: MediaIds, waker: Waker) -> Self {
        Self { pool, clock, media, waker }
    }

    /// All RPC services, ready to be served.
    pub fn routes(&self) -> Routes {
        let feed = Feed { pool: self.pool.clone(), schema: SCHEMA };
        let mut routes = Routes::builder();
        routes.add_service(FundServiceServer::new(rpc::Funds(self.clone()))).add_service(FeedServiceServer::new(feed));
        routes.routes()
    }

    /// What this service hears: residents for compounds and names.
    pub fn consumer(&self, residents: Source) -> Consumer {
        let (pool, effect) = (self.pool.clone(), Effect::Within(Arc::new(events::hear_residents)));
        Consumer {
            pool,
            schema: SCHEMA,
            producer: "residents",
            purpose: "",
            source: residents,
            effect,
            gather: std::time::Duration::ZERO,
        }
    }
}

/// Serves this role until stopped.
pub async fn serve(loaded: chassis::config::Loaded, stop: CancellationToken) -> Result<(), Fault> {
    let parts = Parts::open(SCHEMA, loaded, stop)?;
    let media = Keyring::load_or_create(&parts.loaded.settings.keys_dir, "media").map_err(Fault::internal)?;
    let finance = Finance::new(parts.pool.clone(), parts.clock.clone(), MediaIds::new(media), parts.waker.clone());
    let residents = parts.peer("residents")?;
    let consumer = finance.consumer(Source::Remote(residents.clone()));
    tokio::spawn(consumer.run(parts.cache.clone(), parts.readiness.gate("residents"), parts.stop.clone()));
    parts.serve(finance.routes(), KeySource::Asked(residents)).await
}
