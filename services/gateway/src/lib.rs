//! The gateway: HTTP/JSON outside, gRPC inside, its routes derived from the descriptors.
//!
//! ```text
//! request ─▶ entry (shield, route) ─┬▶ rpc ─▶ transcode ─▶ upstream ─▶ a service ─▶ transcode ─▶ answer
//!                                   └▶ hand_written: media, notices, docs, set-up, sandbox
//!            every refusal ─▶ problem (application/problem+json)
//! ```
use std::{sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit};
use chassis::{
    client::Peer,
    config::Loaded,
    faults::Fault,
    ops::{self, Gate, Readiness},
    telemetry::RequestLog,
};
use proto::api::v1::{ListSessionKeysRequest, session_key_service_client::SessionKeyServiceClient};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

mod app;
mod body;
mod connections;
mod entry;
mod fingerprints;
mod hand_written;
mod media;
mod notices;
mod openapi;
mod pages;
mod photos;
mod problem;
mod routes;
mod rpc;
mod sandbox;
mod settings;
mod shield;
mod stream;
mod text;
mod transcode;
mod uploads;
mod upstream;

pub use app::App;
pub use hand_written::{HandWritten, Rule, hand_written};
pub use openapi::document as openapi;

/// How soon residents is asked again while it does not answer.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Serves the public port and the operations port until stopped.
pub async fn serve(loaded: Loaded, stop: CancellationToken) -> Result<(), Fault> {
    let app = Arc::new(App::open(&loaded)?);
    tokio::spawn(app.verifier.clone().follow_ended_sessions(app.cache.clone()));
    let listener = TcpListener::bind(loaded.settings.listen).await.map_err(Fault::internal)?;
    let readiness = Readiness::default();
    tokio::spawn(open_once_reached(readiness.gate("residents"), app.residents.clone(), stop.clone()));
    let operations = ops::serve(loaded.settings.ops_listen, readiness, None, stop.clone());
    tokio::try_join!(serve_on(listener, app, stop), operations)?;
    Ok(())
}

/// Opens the gate once the keys that tokens are checked with can be had: before, nobody who is signed in gets anywhere.
async fn open_once_reached(gate: Gate, residents: Peer, stop: CancellationToken) {
    let mut client = SessionKeyServiceClient::new(residents);
    while let Err(error) = client.list_session_keys(ListSessionKeysRequest::default()).await {
        tracing::info!(code = ?error.code(), "residents not reached yet");
        if stop.run_until_cancelled(tokio::time::sleep(ASK_AGAIN)).await.is_none() {
            return;
        }
    }
    gate.open();
}

/// Serves an app on a listener until stopped; requests in work are finished.
pub async fn serve_on(listener: TcpListener, app: Arc<App>, stop: CancellationToken) -> Result<(), Fault> {
    let source = chassis::feed::Source::Remote(app.tickets.clone());
    tokio::spawn(app.streams.clone().follow(source, app.cache.clone(), stop.clone()));
    let router = Router::new()
        .fallback(entry::answer)
        .with_state(app)
        .layer(DefaultBodyLimit::disable())
        .layer(RequestLog::new("gateway"));
    connections::serve(listener, router, stop).await;
    Ok(())
}
