//! What is known of one request; written when it is over, however it ends.
use std::{sync::Arc, time::Instant};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use tonic::Code;
use tracing::Span;

use super::{NOTES, Notes, RouteLabel, trace};

/// What the log shows for a caller who left before the answer, as other servers do.
const CALLER_LEFT: u16 = 499;

/// Says what the metrics of requests mean.
pub(in crate::telemetry) fn describe() {
    describe_counter!("requests_total", "Requests that are over, by route and status.");
    describe_histogram!("request_seconds", Unit::Seconds, "Time from the head of a request to the end of its answer.");
    describe_gauge!("requests_in_flight", "Requests in work.");
}

pub(super) struct Entry {
    role: &'static str,
    method: Method,
    route: Option<String>,
    grpc: bool,
    status: u16,
    grpc_status: Option<Code>,
    began: Instant,
    notes: Arc<Notes>,
    span: Span,
}

impl Entry {
    pub(super) fn new<B>(
        role: &'static str,
        request: &Request<B>,
        grpc: bool,
        route: Option<String>,
        span: Span,
        notes: Arc<Notes>,
    ) -> Self {
        gauge!("requests_in_flight").increment(1.0);
        let (method, began) = (request.method().clone(), Instant::now());
        Self { role, method, route, grpc, status: CALLER_LEFT, grpc_status: None, began, notes, span }
    }

    /// Works for this request: within its span, and with its notes at hand.
    pub(super) fn inside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(|| NOTES.sync_scope(self.notes.clone(), work))
    }

    /// Takes what the head of the answer tells; a refusal without a body has its gRPC status there.
    pub(super) fn head<B>(&mut self, response: &Response<B>) {
        self.status = response.status().as_u16();
        if let Some(RouteLabel(label)) = response.extensions().get() {
            self.route = Some(label.clone());
        }
        self.trailers(response.headers());
    }

    /// Takes the gRPC status, which answers with a body carry behind it.
    pub(super) fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(status) = trailers.get("grpc-status").filter(|_| self.grpc) {
            self.grpc_status = Some(Code::from_bytes(status.as_bytes()));
        }
    }

    /// The service gave no answer at all.
    pub(super) fn failed(&mut self) {
        self.status = StatusCode::INTERNAL_SERVER_ERROR.as_u16();
        self.grpc_status = self.grpc.then_some(Code::Unknown);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let taken = self.began.elapsed();
        let route = self.route.take().unwrap_or_else(|| "other".to_owned());
        // a gRPC answer that never came to its trailers was left by its caller
        let grpc_status = self.grpc.then(|| format!("{:?}", self.grpc_status.unwrap_or(Code::Cancelled)));
        let district = self.notes.district.get().map(ToString::to_string);
        trace::rename(&self.span, &route);
        if let Some(district) = &district {
            self.span.record("district_id", district.as_str());
        }
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    target: "request",
                    parent: None,
                    role = self.role,
                    method = self.method.as_str(),
                    route = route.as_str(),
                    status = self.status,
                    grpc_status = grpc_status.as_deref(),
                    milliseconds = taken.as_micros() as f64 / 1000.0,
                    district_id = district.as_deref(),
                    request_id = self.notes.request_id,
                    trace_id = trace::trace_id(&self.span),
                )
            };
        }
        // services ask each other for news several times a second: not worth a line as long as it works
        let routine = proto::methods()
            .get(&route)
            .and_then(|method| method.access.as_ref())
            .is_some_and(|access| access.internal);
        if routine && self.grpc_status == Some(Code::Ok) {
            log!(debug)
        } else {
            log!(info)
        }
        let status = grpc_status.unwrap_or_else(|| self.status.to_string());
        gauge!("requests_in_flight").decrement(1.0);
        histogram!("request_seconds", "route" => route.clone()).record(taken.as_secs_f64());
        counter!("requests_total", "route" => route, "status" => status).increment(1);
    }
}
