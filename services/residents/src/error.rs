//! Why the residents service refuses, and as what that leaves.
use std::time::Duration;

use chassis::faults::Fault;
use tonic::Code;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the phone is not 11 digits of a mainland mobile number")]
    PhoneInvalid,
    #[error("too many codes; wait {0:?}")]
    CodeTooOften(Duration),
    #[error("the code is wrong, used, or no longer valid")]
    CodeWrong,
    #[error("neither the main district nor one where the person has a current post; theirs: {0}")]
    DistrictNotYours(String),
    #[error("unknown, ended or expired refresh token")]
    RefreshTokenInvalid,
    #[error("an older refresh token of this session was used; the session is ended")]
    RefreshTokenReused,
    /// Which field named it.
    #[error("no such place in this district")]
    PlaceNotFound(&'static str),
    #[error("no such department in this district")]
    DepartmentNotFound,
    #[error("no such post in this district")]
    PostNotFound,
    #[error("post_id was used before with another body")]
    PostIdReused,
    #[error("the set-up token is unknown, used or older than 30 minutes, or there is an administrator already")]
    SetupTokenInvalid,
    #[error("a coordinate must name its crs, WGS84 or GCJ02")]
    CoordinateSystemRequired,
    #[error("the coordinate lies in no place of the district")]
    OutsideDistrict,
    #[error("{0}: {1}")]
    Field(&'static str, String),
    #[error("only while the sandbox is on")]
    SandboxOff,
    #[error("no way to send a text message is configured")]
    NoMessages,
    #[error("no district has been set up yet")]
    NoDistrict,
    #[error("database")]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Error {
    /// A 400 naming a field and what is allowed.
    pub fn field(name: &'static str, allowed: impl Into<String>) -> Self {
        Self::Field(name, allowed.into())
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::PhoneInvalid => Self::field_reason("PHONE_INVALID", "phone", "must be 11 digits beginning with 1"),
            Error::CodeTooOften(wait) => {
                let seconds = wait.as_millis().div_ceil(1000);
                Self::new(Code::ResourceExhausted, "CODE_TOO_OFTEN", text).fact("seconds", seconds).retry_after(wait)
            }
            Error::CodeWrong => Self::field_reason("CODE_WRONG", "code", text),
            Error::DistrictNotYours(theirs) => Self::denied("DISTRICT_NOT_YOURS", text).fact("districts", theirs),
            Error::RefreshTokenInvalid => Self::new(Code::Unauthenticated, "REFRESH_TOKEN_INVALID", text),
            Error::RefreshTokenReused => Self::new(Code::Unauthenticated, "REFRESH_TOKEN_REUSED", text),
            Error::PlaceNotFound(field) => Self::not_found("PLACE_NOT_FOUND", &text).at_field(field, text),
            Error::DepartmentNotFound => Self::not_found("DEPARTMENT_NOT_FOUND", &text).at_field("department_id", text),
            Error::PostNotFound => Self::not_found("POST_NOT_FOUND", &text).at_field("post_id", text),
            Error::PostIdReused => Self::id_reused("post_id"),
            Error::SetupTokenInvalid => Self::denied("SETUP_TOKEN_INVALID", text),
            Error::CoordinateSystemRequired => {
                Self::field_reason("COORDINATE_SYSTEM_REQUIRED", "crs", "must be WGS84 or GCJ02")
            }
            Error::OutsideDistrict => Self::field_reason("OUTSIDE_DISTRICT", "lng", text),
            Error::Field(name, allowed) => Self::field(name, allowed),
            Error::SandboxOff => Self::denied("ROLE_NOT_ALLOWED", text),
            Error::NoMessages | Error::NoDistrict => Self::unavailable(text),
            Error::Sql(error) => error.into(),
            Error::Fault(fault) => fault,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Fault::from(error).into()
    }
}
