//! What a refusal looks like over HTTP: `application/problem+json` with the real status, a stable code and texts for people.
use std::{collections::HashMap, time::Duration};

use axum::response::Response;
use chassis::faults::Fault;
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A refusal on its way to the client.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    /// A key of `proto/reasons.toml`.
    pub code: String,
    /// For developers; nothing of an internal error is in it.
    pub detail: String,
    pub fields: Vec<(String, String)>,
    pub facts: HashMap<String, String>,
    pub retry_after: Option<Duration>,
    /// The methods of a path that does not take the one it was called with.
    pub allow: Option<String>,
}

/// The one table from gRPC codes to HTTP.
pub fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::REQUEST_TIMEOUT),
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Internal | Code::Unknown | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let (fields, facts, detail) = (Vec::new(), HashMap::new(), detail.into());
        Self { status, code: code.to_owned(), detail, fields, facts, retry_after: None, allow: None }
    }

    /// 400 naming fields.
    pub fn fields(code: &str, fields: Vec<(String, String)>) -> Self {
        let detail = fields.first().map(|(field, wrong)| format!("{field}: {wrong}")).unwrap_or_default();
        Self { fields, ..Self::new(StatusCode::BAD_REQUEST, code, detail) }
    }

    /// 413 with the limit as people read it.
    pub fn too_large(limit: &str) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", format!("the limit is {limit}")).fact("limit", limit)
    }

    /// 415 with what is taken.
    pub fn content_type(allowed: &str) -> Self {
        let detail = format!("send Content-Type: {allowed}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "CONTENT_TYPE_UNSUPPORTED", detail).fact("allowed", allowed)
    }

    /// 429 at once, rather than an answer too late.
    pub fn overloaded() -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "OVERLOADED", "too many requests in work at once");
        problem.retry_after(Duration::from_secs(1))
    }

    /// 504: safe to retry with the same ids.
    pub fn timed_out() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "TIMED_OUT", "no answer within the deadline")
    }

    /// 500, its cause in the log only.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "internal error")
    }

    #[must_use]
    pub fn fact(mut self, name: &str, value: &str) -> Self {
        self.facts.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Whether the same request may succeed later.
    pub fn retryable(&self) -> bool {
        matches!(self.status.as_u16(), 408 | 429 | 499 | 503 | 504)
    }

    /// The answer, in the language that an Accept-Language header asks for.
    pub fn into_response(self, language: Option<&HeaderValue>) -> Response {
        let english = language.is_some_and(prefers_english);
        let title = self.status.canonical_reason().unwrap_or("Client Closed Request");
        let fields: Vec<_> =
            self.fields.iter().map(|(field, wrong)| json!({"field": field, "description": wrong})).collect();
        let document = json!({
            "type": format!("/docs/#{}", self.code),
            "title": title,
            "status": self.status.as_u16(),
            "code": self.code,
            "message": proto::reasons::fill(&self.code, english, &self.facts),
            "detail": self.detail,
            "fields": fields,
            "facts": self.facts,
            "request_id": chassis::telemetry::request_id(),
            "retryable": self.retryable(),
        });
        let mut response = Response::new(document.to_string().into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(if english { "en" } else { "zh-CN" }));
        let seconds = self.retry_after.map(|after| after.as_millis().div_ceil(1000).max(1));
        if let Some(seconds) = seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(allow) = self.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(ALLOW, allow);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        if let Some(cause) = &fault.cause {
            tracing::warn!(reason = fault.reason, %cause, "request failed");
        }
        let mut problem = Self::new(http_status(fault.code), fault.reason, fault.detail);
        (problem.fields, problem.facts, problem.retry_after) = (fault.fields, fault.facts, fault.retry_after);
        problem
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let Some(info) = details.error_info() else { return of_transport(&status) };
        let detail = if status.code() == Code::Internal { "internal error" } else { status.message() };
        let mut problem = Self::new(http_status(status.code()), &info.reason, detail);
        problem.facts = info.metadata.clone();
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
        problem.fields = violations.iter().map(|wrong| (wrong.field.clone(), wrong.description.clone())).collect();
        problem.retry_after = details.retry_info().and_then(|info| info.retry_delay);
        problem
    }
}

/// A status without our details comes from the transport: the service is away, or went away while it worked.
fn of_transport(status: &Status) -> Problem {
    match status.code() {
        Code::DeadlineExceeded => Problem::timed_out(),
        Code::Cancelled if status.message().contains("Timeout") => Problem::timed_out(),
        Code::OutOfRange | Code::Unimplemented | Code::DataLoss => Problem::internal(status),
        _ => {
            tracing::warn!(code = ?status.code(), cause = status.message(), "service not reached");
            let problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "a service is not reachable right now");
            problem.retry_after(Duration::from_secs(1))
        }
    }
}

/// Whether the first language the client names that we have is English.
fn prefers_english(language: &HeaderValue) -> bool {
    let languages = language.to_str().unwrap_or_default();
    let ours = languages.split(',').map(str::trim).find(|tag| tag.starts_with("zh") || tag.starts_with("en"));
    ours.is_some_and(|tag| tag.starts_with("en"))
}

#[cfg(test)]
mod tests;
