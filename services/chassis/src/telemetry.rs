//! Logs, traces and metrics of one process: [`init`] first, then [`RequestLog`] around every server.
use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{ParseError, filter_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::{SubscriberInitExt, TryInitError},
};

use crate::config::Settings;

mod request;
mod trace;

pub use request::{REQUEST_ID, RequestLog, RouteLabel, note_district, request_id};
pub use trace::{extract, follow, inject, traceparent_of_current};

/// Bounds of `request_seconds`: from a read in memory to a call that nobody waits for any more.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// What runs; kept so that a process whose roles share one telemetry starts it once.
static RUNNING: Mutex<Option<Telemetry>> = Mutex::new(None);

/// Why telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("the setting log is not a tracing filter: {0}")]
    Filter(#[from] ParseError),
    #[error("the setting otlp_endpoint cannot be used: {0}")]
    Exporter(#[from] ExporterBuildError),
    #[error("another recorder of metrics is installed: {0}")]
    Metrics(#[from] BuildError),
    #[error("another tracing subscriber is installed: {0}")]
    Subscriber(#[from] TryInitError),
}

/// Keep it until the end of `main`, then [`flush`](Telemetry::flush).
#[derive(Clone, Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
    metrics: PrometheusHandle,
}

impl Telemetry {
    /// Sends the spans still waiting. Blocks for at most some seconds: the last thing before the end.
    pub fn flush(&self) {
        if let Err(error) = self.provider.force_flush() {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// All metrics of this process in the text format of Prometheus; empty before [`init`].
pub fn render_metrics() -> String {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).clone();
    running.map(|telemetry| telemetry.metrics.render()).unwrap_or_default()
}

/// Starts logs, traces and metrics as the settings say; call it in the runtime. A second call gives what the first did.
pub fn init(settings: &Settings, role: &'static str) -> Result<Telemetry, TelemetryError> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(telemetry) = &*running {
        return Ok(telemetry.clone());
    }
    let provider = provider(&settings.otlp_endpoint, role)?;
    let logs = if settings.log_format == "json" { json_logs().boxed() } else { text_logs().boxed() };
    let filter = EnvFilter::try_new(&settings.log)?;
    let spans = spans(provider.tracer(role));
    tracing_subscriber::registry().with(spans).with(logs.with_filter(filter)).try_init()?;
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("request_seconds".to_owned()), &SECONDS)?
        .install_recorder()?;
    request::describe();
    keep_up(metrics.clone());
    Ok(running.insert(Telemetry { provider, metrics }).clone())
}

/// Without an endpoint nothing is recorded, but ids are made and followed: one trace id goes through all services.
fn provider(endpoint: &str, role: &str) -> Result<SdkTracerProvider, ExporterBuildError> {
    let provider = SdkTracerProvider::builder();
    if endpoint.is_empty() {
        return Ok(provider.with_sampler(Sampler::AlwaysOff).build());
    }
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let resource = Resource::builder().with_service_name(format!("hemei-{role}")).build();
    Ok(provider.with_sampler(Sampler::AlwaysOn).with_resource(resource).with_batch_exporter(exporter).build())
}

/// Spans from info up, whatever the log filter hides; events stay in the logs, which carry the trace id.
fn spans<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(filter_fn(|about| about.is_span() && *about.level() <= Level::INFO))
}

fn json_logs<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false)
}

fn text_logs<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer().with_ansi(std::io::stdout().is_terminal())
}

/// Folds measured times into their buckets also while nobody reads the metrics.
fn keep_up(metrics: PrometheusHandle) {
    let work = move || {
        loop {
            std::thread::park_timeout(Duration::from_secs(5));
            metrics.run_upkeep();
        }
    };
    if let Err(error) = std::thread::Builder::new().name("metrics".to_owned()).spawn(work) {
        tracing::warn!(%error, "metrics are folded only when they are read");
    }
}

#[cfg(test)]
mod tests;
