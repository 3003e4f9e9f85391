//! What an answer or a refusal says.
use proto::tickets::v1::{Ticket, ticket::State};
use tonic::Status;
use tonic_types::StatusExt;

pub fn answer<T>(answer: Result<tonic::Response<T>, Status>) -> Result<T, Status> {
    answer.map(tonic::Response::into_inner)
}

/// The stable reason of a refusal.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// A fact of a refusal.
pub fn fact(status: &Status, name: &str) -> String {
    let info = status.get_details_error_info();
    info.and_then(|info| info.metadata.get(name).cloned()).unwrap_or_default()
}

/// The first field a refusal names.
pub fn field(status: &Status) -> String {
    let request = status.get_details_bad_request();
    request.and_then(|request| request.field_violations.first().map(|field| field.field.clone())).unwrap_or_default()
}

pub fn state(ticket: &Ticket) -> State {
    ticket.state()
}
