//! One span, one log line and one measurement per request, for gRPC and HTTP servers alike.
use std::{
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body::Body;
use tower::{Layer, Service};
use tracing::{Instrument, field::Empty};
use uuid::Uuid;

use super::trace;
use entry::Entry;
use observed::Observed;

mod entry;
mod observed;

pub(super) use entry::describe;

/// The header that names a request through all services.
pub const REQUEST_ID: &str = "x-request-id";
const HEALTH: &str = "/grpc.health.v1.Health/Check";
const LONGEST_ID: usize = 64;

/// The route of an HTTP request with its variables unfilled, for example `/v1/things/{thing_id}`: an extension of the
/// request or, winning, of the response. Requests without one are counted as "other", so that labels stay few.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteLabel(pub String);

/// What the inside of a request tells its log line, and what it may ask.
#[derive(Debug)]
struct Notes {
    request_id: String,
    district: OnceLock<Uuid>,
}

tokio::task_local! {
    static NOTES: Arc<Notes>;
}

/// The id of the request this task works for.
pub fn request_id() -> Option<String> {
    NOTES.try_with(|notes| notes.request_id.clone()).ok()
}

/// Tells the log line of this task's request which district it is about; the first word counts.
pub fn note_district(id: Uuid) {
    let _ = NOTES.try_with(|notes| notes.district.set(id));
}

/// The layer that goes around everything else of a server.
///
/// Every request gets a span below the trace its headers name, an `x-request-id` (the caller's if it is well-formed), one
/// log line of the target "request" without anything personal, and counts in `requests_total`, `request_seconds` and
/// `requests_in_flight`.
#[derive(Clone, Copy, Debug)]
pub struct RequestLog {
    role: &'static str,
}

impl RequestLog {
    /// The layer of one role's server.
    pub fn new(role: &'static str) -> Self {
        Self { role }
    }
}

impl<S> Layer<S> for RequestLog {
    type Service = Logged<S>;

    fn layer(&self, inner: S) -> Logged<S> {
        Logged { inner, role: self.role }
    }
}

/// A service whose requests are logged.
#[derive(Clone, Debug)]
pub struct Logged<S> {
    inner: S,
    role: &'static str,
}

impl<S, B, R> Service<Request<B>> for Logged<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: Body + Unpin,
{
    type Response = Response<Observed<R>>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let request_id = given_id(request.headers()).unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
        let grpc = is_grpc(request.headers());
        let route = route(&request, grpc);
        let span = tracing::info_span!(
            "request",
            otel.name = route.as_deref(),
            otel.kind = "server",
            request_id,
            district_id = Empty
        );
        trace::adopt(&span, trace::extract(request.headers()));
        let notes = Arc::new(Notes { request_id, district: OnceLock::new() });
        let header = HeaderValue::try_from(&notes.request_id).ok();
        if let Some(id) = header.clone() {
            request.headers_mut().insert(HeaderName::from_static(REQUEST_ID), id);
        }
        let mut entry = Entry::new(self.role, &request, grpc, route, span.clone(), notes.clone());
        // called inside the span as well: some services work before they give a future
        let answer = entry.inside(|| self.inner.call(request));
        Box::pin(NOTES.scope(notes, async move {
            let mut response = answer.instrument(span).await.inspect_err(|_| entry.failed())?;
            entry.head(&response);
            if let Some(id) = header {
                response.headers_mut().insert(HeaderName::from_static(REQUEST_ID), id);
            }
            Ok(response.map(|body| Observed::new(body, entry)))
        }))
    }
}

/// The caller's request id, if it can be trusted in a log: up to 64 letters, digits and hyphens.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fine =
        (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    fine.then(|| id.to_owned())
}

fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// The label that is known before the request is served.
fn route<B>(request: &Request<B>, grpc: bool) -> Option<String> {
    let path = request.uri().path();
    match request.extensions().get::<RouteLabel>() {
        Some(RouteLabel(label)) => Some(label.clone()),
        None if grpc && (path == HEALTH || proto::methods().contains_key(path)) => Some(path.to_owned()),
        None => None,
    }
}
