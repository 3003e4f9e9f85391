//! Who, where, with which post; and the sessions of those who sign in. Owns the schema `residents`.
//!
//! ```text
//! phone ─▶ code (Redis, 5 min) ─▶ session ─▶ access token: person, district, current posts
//!                                    ▲                          │ every service checks it with the public keys from here
//! person ─ post ─ place (tree, boundaries) ─ department         ▼
//!             └── outbox: PlaceChanged, PersonChanged, DepartmentChanged, PostChanged ──▶ the others' projections
//! ```
mod code;
mod district;
mod error;
pub mod import;
mod map;
pub mod ops;
mod person;
mod phone;
mod place;
mod post;
pub mod rpc;
mod sandbox_person;
mod session;
pub mod store;
mod wire;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

use chassis::{
    cache::Cache, chain::Chain, clock::Clock, config::Loaded, faults::Fault, feed::Feed, feed::Waker, keys::Keyring,
    outbox::Outbox, server::Parts, token::Signer, vault::Vault, verifier::KeySource,
};
use proto::{
    api::v1::session_key_service_server::SessionKeyServiceServer,
    events::v1::feed_service_server::FeedServiceServer,
    residents::v1::{
        department_service_server::DepartmentServiceServer, person_service_server::PersonServiceServer,
        place_service_server::PlaceServiceServer, sandbox_service_server::SandboxServiceServer,
        session_service_server::SessionServiceServer, setup_service_server::SetupServiceServer,
    },
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use uuid::Uuid;

pub use district::District;
pub use ops::set_up::setup_token;
pub use rpc::Rpc;

/// The schema's migrations.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service's state.
pub struct Residents {
    pub pool: PgPool,
    pub cache: Cache,
    pub clock: Clock,
    pub vault: Vault,
    pub signer: Arc<Signer>,
    pub waker: Waker,
    /// Outgoing messages stay inside, and sandbox people may be listed.
    pub sandbox: bool,
    maps: Mutex<HashMap<Uuid, Arc<map::Map>>>,
}

impl Residents {
    /// The service on these stores, with the keys of a folder.
    pub fn new(pool: PgPool, cache: Cache, clock: Clock, keys_dir: &Path, sandbox: bool) -> Result<Self, Fault> {
        let signer = Signer::new(Keyring::load_or_create(keys_dir, "session").map_err(Fault::internal)?);
        let (vault, waker) = (vault(keys_dir)?, Waker::start(cache.clone(), "residents"));
        Ok(Self { pool, cache, clock, vault, signer: Arc::new(signer), waker, sandbox, maps: Mutex::default() })
    }
}

/// What seals and finds phone numbers, with the keys of a folder.
pub fn vault(keys_dir: &Path) -> Result<Vault, Fault> {
    let ring = |name| Keyring::load_or_create(keys_dir, name).map_err(Fault::internal);
    Ok(Vault::new(ring("vault")?, ring("index")?))
}

/// The chain over the log of what the staff did.
pub fn audit_chain(pool: &PgPool) -> Chain {
    Chain { pool: pool.clone(), schema: "residents", table: "audit", id: "seq" }
}

/// Serves the role until stopped.
pub async fn serve(loaded: Loaded, stop: CancellationToken) -> Result<(), Fault> {
    let parts = Parts::open("residents", loaded, stop)?;
    let settings = &parts.loaded.settings;
    let (pool, cache, clock) = (parts.pool.clone(), parts.cache.clone(), parts.clock.clone());
    let residents = Residents::new(pool, cache, clock, &settings.keys_dir, settings.sandbox())?;
    let keys = KeySource::Own(residents.signer.clone());
    tokio::spawn(audit_chain(&parts.pool).run(parts.clock.clone(), parts.stop.clone()));
    let routes = routes(Rpc(Arc::new(residents)));
    parts.serve(routes, keys).await
}

fn routes(rpc: Rpc) -> Routes {
    let feed = Feed(Outbox::new(rpc.0.pool.clone(), "residents"));
    Routes::new(SessionServiceServer::new(rpc.clone()))
        .add_service(PersonServiceServer::new(rpc.clone()))
        .add_service(DepartmentServiceServer::new(rpc.clone()))
        .add_service(PlaceServiceServer::new(rpc.clone()))
        .add_service(SetupServiceServer::new(rpc.clone()))
        .add_service(SandboxServiceServer::new(rpc.clone()))
        .add_service(SessionKeyServiceServer::new(rpc))
        .add_service(FeedServiceServer::new(feed))
}
