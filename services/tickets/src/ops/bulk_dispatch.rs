//! Many dispatches at once, each with its own outcome.
use chassis::{access::Caller, faults::Fault};
use futures::{StreamExt, stream};

use super::{Dispatch, dispatch};
use crate::{Tickets, ticket::Ticket};

/// The most dispatches of one call.
pub const MOST: usize = 100;
/// How many are under way at the same time.
const SIDE_BY_SIDE: usize = 16;

/// Dispatches each; the outcomes stand in the order of the wishes.
pub async fn bulk_dispatch(tickets: &Tickets, caller: &Caller, wishes: Vec<Dispatch>) -> Vec<Result<Ticket, Fault>> {
    stream::iter(wishes).map(|wish| dispatch(tickets, caller, wish)).buffered(SIDE_BY_SIDE).collect().await
}
