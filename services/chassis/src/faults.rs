//! Refusals and failures as they leave a service: a gRPC code, a stable reason, and separate texts for developers and people.
use std::collections::HashMap;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The domain that ErrorInfo names.
pub const DOMAIN: &str = "hemei";

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Fault {
    pub code: Code,
    /// A key of `proto/reasons.toml`.
    pub reason: &'static str,
    /// For developers, in English; never personal data, never another system's words.
    pub detail: String,
    /// Which fields, what was wrong and what is allowed.
    pub fields: Vec<(String, String)>,
    /// What the texts for people fill in.
    pub facts: HashMap<String, String>,
    pub retry_after: Option<Duration>,
    /// Logged, never sent.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    pub fn new(code: Code, reason: &'static str, detail: impl Into<String>) -> Self {
        let (fields, facts) = (Vec::new(), HashMap::new());
        Self { code, reason, detail: detail.into(), fields, facts, retry_after: None, cause: None }
    }

    /// 400 naming a field: `Fault::field("phone", "must be 11 digits")`.
    pub fn field(field: impl Into<String>, wrong: impl Into<String>) -> Self {
        Self::field_reason("FIELD_INVALID", field, wrong)
    }

    /// 400 naming a field, with a reason of its own.
    pub fn field_reason(reason: &'static str, field: impl Into<String>, wrong: impl Into<String>) -> Self {
        let (field, wrong) = (field.into(), wrong.into());
        let mut fault = Self::new(Code::InvalidArgument, reason, format!("{field}: {wrong}"));
        fault.fields.push((field, wrong));
        fault
    }

    /// 404.
    pub fn not_found(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Code::NotFound, reason, detail)
    }

    /// 409: the state does not allow it.
    pub fn conflict(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, reason, detail)
    }

    /// 409 `ID_REUSED`: the id was used with another body.
    pub fn id_reused(field: &str) -> Self {
        Self::new(Code::AlreadyExists, "ID_REUSED", format!("{field} was used before with another body"))
    }

    /// 403.
    pub fn denied(reason: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, reason, detail)
    }

    /// 500: the cause is logged, nothing of it leaves.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut fault = Self::new(Code::Internal, "INTERNAL", "internal error");
        fault.cause = Some(cause.into());
        fault
    }

    /// 503: safe to retry.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut fault = Self::new(Code::Unavailable, "UNAVAILABLE", "not available right now");
        fault.cause = Some(cause.into());
        fault.retry_after = Some(Duration::from_secs(1));
        fault
    }

    /// Adds a fact that the texts may name.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }

    /// Names the field that caused it, whatever the code.
    #[must_use]
    pub fn at_field(mut self, field: impl Into<String>, wrong: impl Into<String>) -> Self {
        self.fields.push((field.into(), wrong.into()));
        self
    }

    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
                Self::unavailable(error)
            }
            sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => Self::unavailable(error),
            // connection exceptions, operator intervention (restart), idle in a transaction, deadlock and serialization: the
            // same call may be tried again
            sqlx::Error::Database(db) => match db.code().as_deref() {
                Some(code) if code.starts_with("08") || code.starts_with("57P") => Self::unavailable(error),
                Some("25P03" | "40001" | "40P01" | "53300" | "55P03" | "57014") => Self::unavailable(error),
                _ => Self::internal(error),
            },
            _ => Self::internal(error),
        }
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        if fault.code == Code::Internal || fault.code == Code::Unavailable {
            let cause = fault.cause.as_deref().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(reason = fault.reason, cause, "call failed");
        }
        let mut details = ErrorDetails::with_error_info(fault.reason, DOMAIN, fault.facts);
        if !fault.fields.is_empty() {
            let fields = fault.fields.into_iter().map(|(field, wrong)| FieldViolation::new(field, wrong));
            details.set_bad_request(fields.collect::<Vec<_>>());
        }
        if let Some(after) = fault.retry_after {
            details.set_retry_info(Some(after));
        }
        Status::with_error_details(fault.code, fault.detail, details)
    }
}

/// The name of the constraint a statement broke, if that is why it failed.
pub fn broken_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|db| db.constraint())
}
