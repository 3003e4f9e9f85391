//! T6: the liaison sends a claimed ticket to its lead department.
use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use super::{Target, body_hash, change};
use crate::{Tickets, machine::Act, ticket::Ticket};

/// Which ticket goes where.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch {
    pub target: Target,
    pub department_id: Uuid,
}

/// Dispatches it; the department's time begins with the first dispatch.
pub async fn dispatch(tickets: &Tickets, caller: &Caller, dispatch: Dispatch) -> Result<Ticket, Fault> {
    let hash = body_hash("dispatch", &dispatch.department_id)?;
    let mut wish = change::plain(tickets, caller, dispatch.target, Act::Dispatch, hash);
    wish.guard.scopes = Some(caller.reach.places.clone());
    wish.guard.claimer = Some(caller.person_id);
    wish.values.department_id = Some(dispatch.department_id);
    change::carry_out(tickets, wish).await
}
