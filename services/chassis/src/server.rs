//! How every role is put together and served.
use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};

use crate::{
    access::AccessLayer,
    batch::overloaded,
    cache::Cache,
    client::{self, Peer},
    clock::Clock,
    config::{ConfigError, Loaded},
    db,
    faults::Fault,
    feed::Waker,
    keys::Keyring,
    ops::{self, Readiness},
    telemetry::RequestLog,
    verifier::{KeySource, Verifier},
};

impl From<ConfigError> for Fault {
    fn from(error: ConfigError) -> Self {
        Self::internal(error)
    }
}

/// What a service is built from.
#[derive(Clone)]
pub struct Parts {
    pub role: &'static str,
    pub loaded: Loaded,
    pub pool: PgPool,
    pub cache: Cache,
    pub clock: Clock,
    pub service_key: Keyring,
    pub readiness: Readiness,
    pub waker: Waker,
    pub stop: CancellationToken,
}

impl Parts {
    /// Opens what the settings name; nothing is connected yet.
    pub fn open(role: &'static str, loaded: Loaded, stop: CancellationToken) -> Result<Self, Fault> {
        let pool = db::pool(&loaded.settings, role)?;
        let cache = Cache::new(&loaded.settings.redis_url)?;
        let service_key = Keyring::load_or_create(&loaded.settings.keys_dir, "service").map_err(Fault::internal)?;
        let waker = Waker::start(cache.clone(), role);
        let readiness = Readiness::default();
        Ok(Self { role, loaded, pool, cache, clock: Clock::System, service_key, readiness, waker, stop })
    }

    /// A channel to another role.
    pub fn peer(&self, role: &str) -> Result<Peer, Fault> {
        client::peer(&self.loaded.peer(role)?, &self.service_key)
    }

    /// Serves the routes behind log, limit and access until stopped, with the operations port beside.
    pub async fn serve(self, routes: Routes, keys: KeySource) -> Result<(), Fault> {
        let verifier = Verifier::new(keys, self.clock.clone());
        tokio::spawn(verifier.clone().follow_ended_sessions(self.cache.clone()));
        let settings = &self.loaded.settings;
        let incoming = TcpIncoming::bind(settings.listen).map_err(Fault::internal)?.with_nodelay(Some(true));
        let server = Server::builder()
            .layer(RequestLog::new(self.role))
            .layer(InFlight::new(settings.max_in_flight))
            .layer(AccessLayer::new(verifier, self.service_key.clone()))
            .add_routes(routes);
        let served = server.serve_with_incoming_shutdown(incoming, self.stop.clone().cancelled_owned());
        let operations =
            ops::serve(settings.ops_listen, self.readiness.clone(), Some(self.pool.clone()), self.stop.clone());
        // The first that fails ends both: a role with half of its ports is restarted, not kept.
        tokio::try_join!(async { served.await.map_err(Fault::internal) }, operations)?;
        Ok(())
    }
}

/// Refuses at once, with 429, what would be too much at the same time.
#[derive(Clone)]
pub struct InFlight(Arc<Semaphore>);

impl InFlight {
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }
}

impl<S> tower::Layer<S> for InFlight {
    type Service = InFlightService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        InFlightService { permits: self.0.clone(), inner }
    }
}

/// See [`InFlight`].
#[derive(Clone)]
pub struct InFlightService<S> {
    permits: Arc<Semaphore>,
    inner: S,
}

impl<S> tower::Service<http::Request<tonic::body::Body>> for InFlightService<S>
where
    S: tower::Service<http::Request<tonic::body::Body>, Response = http::Response<tonic::body::Body>> + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = futures::future::BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Box::pin(async { Ok(tonic::Status::from(overloaded()).into_http()) });
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            drop(permit);
            answer
        })
    }
}
