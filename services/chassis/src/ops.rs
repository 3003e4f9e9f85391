//! The operations port: metrics, liveness and readiness. Never on the public port.
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, http::StatusCode, routing::get};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{faults::Fault, telemetry};

/// What must have happened before a role is ready.
#[derive(Clone, Default)]
pub struct Readiness {
    gates: Arc<Mutex<BTreeMap<&'static str, Arc<AtomicBool>>>>,
}

/// One condition of readiness; once open it stays open.
#[derive(Clone)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub fn open(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Readiness {
    /// A closed gate under a name that `/readyz` shows while it is closed.
    pub fn gate(&self, name: &'static str) -> Gate {
        let flag = Arc::new(AtomicBool::new(false));
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).insert(name, flag.clone());
        Gate(flag)
    }

    /// The names of the gates that are still closed.
    pub fn closed(&self) -> Vec<&'static str> {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.iter().filter(|(_, open)| !open.load(Ordering::Relaxed)).map(|(name, _)| *name).collect()
    }
}

/// Serves `/metrics`, `/healthz` and `/readyz` until stopped. A role with a pool is ready only while its database answers.
pub async fn serve(
    listen: SocketAddr,
    readiness: Readiness,
    pool: Option<PgPool>,
    stop: CancellationToken,
) -> Result<(), Fault> {
    let ready = move || async move {
        if let Some(pool) = &pool
            && sqlx::query("select 1").execute(pool).await.is_err()
        {
            return (StatusCode::SERVICE_UNAVAILABLE, "database".to_owned());
        }
        let closed = readiness.closed();
        if closed.is_empty() {
            (StatusCode::OK, "ready".to_owned())
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, closed.join(", "))
        }
    };
    let router = Router::new()
        .route("/metrics", get(|| async { telemetry::render_metrics() }))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready));
    let listener = tokio::net::TcpListener::bind(listen).await.map_err(Fault::internal)?;
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    served.await.map_err(Fault::internal)
}
