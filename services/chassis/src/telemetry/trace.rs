//! The trace carried between processes as W3C `traceparent`, and kept with what is stored for later.
use http::{HeaderMap, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::request::{REQUEST_ID, request_id};

const TRACEPARENT: &str = "traceparent";

/// The current span as a `traceparent`, for example to be stored with an event; empty outside of any span.
pub fn traceparent_of_current() -> String {
    traceparent(&Span::current())
}

pub(super) fn traceparent(span: &Span) -> String {
    let context = span.context();
    let about = context.span().span_context().clone();
    if !about.is_valid() {
        return String::new();
    }
    format!("00-{}-{}-{:02x}", about.trace_id(), about.span_id(), about.trace_flags().to_u8())
}

/// The trace id of a span, as logs show it.
pub(super) fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let about = context.span().span_context().clone();
    about.is_valid().then(|| about.trace_id().to_string())
}

/// Names a span once it is known what it was. A span that has told its trace to somebody has begun, and no longer takes the field.
pub(super) fn rename(span: &Span, name: &str) {
    span.record("otel.name", name);
    span.context().span().update_name(name.to_owned());
}

/// Makes a span a child of where the `traceparent` comes from; a text of another form changes nothing.
///
/// Only before the span is first entered: a trace cannot change its origin.
pub fn follow(span: &Span, traceparent: &str) {
    adopt(span, parsed(Some(traceparent)));
}

/// Puts the current trace and the request's id into the headers of an outgoing call.
pub fn inject(headers: &mut HeaderMap) {
    for (name, value) in [(TRACEPARENT, Some(traceparent_of_current())), (REQUEST_ID, request_id())] {
        if let Some(value) = value.filter(|value| !value.is_empty()).and_then(|value| HeaderValue::try_from(value).ok())
        {
            headers.insert(name, value);
        }
    }
}

/// Where a call comes from, of its headers; an empty context if it does not say.
pub fn extract(headers: &HeaderMap) -> Context {
    parsed(headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()))
}

pub(super) fn adopt(span: &Span, parent: Context) {
    if parent.span().span_context().is_valid() {
        // refused only where no telemetry runs or the span is of no interest to it
        let _ = span.set_parent(parent);
    }
}

fn parsed(traceparent: Option<&str>) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Carried(traceparent))
}

struct Carried<'a>(Option<&'a str>);

impl Extractor for Carried<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.filter(|_| key == TRACEPARENT)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
