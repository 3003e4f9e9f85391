//! T27 and T39: a duplicate becomes part of an open ticket; both rows change, or none.
use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use super::{Target, act::wish};
use crate::{
    Tickets,
    decide::{Change, Decision, Deed, decide},
    error::Refusal,
    store::{self, change::Together},
    ticket::{CoReport, Ticket},
};

/// Merges the target into its parent; answers the merged ticket.
pub async fn merge(
    tickets: &Tickets,
    caller: &Caller,
    target: Target,
    parent_ticket_id: Uuid,
) -> Result<Ticket, Fault> {
    if parent_ticket_id == target.ticket_id {
        return Err(Fault::field("parent_ticket_id", "must be another ticket"));
    }
    for _ in 0..8 {
        let (child, parent) = read(tickets, caller, target.ticket_id, parent_ticket_id).await?;
        let Some(pair) = decide_both(tickets, caller, target, (&child, parent))? else { return Ok(child) };
        let mut pair = pair;
        pair.sort_by_key(|change| change.after.ticket_id);
        let mut written = store::change::apply(&tickets.pool, pair, Together::All).await?;
        if let Some(merged) = written.remove(&target.ticket_id) {
            tickets.wake();
            return Ok(merged);
        }
    }
    Err(Fault::unavailable("the tickets kept changing"))
}

async fn read(
    tickets: &Tickets,
    caller: &Caller,
    child: Uuid,
    parent: Uuid,
) -> Result<(Ticket, Option<Ticket>), Fault> {
    let district = caller.district_id;
    let mut rows = store::ticket::get_many(&tickets.pool, &[district, district], &[child, parent]).await?;
    let child = rows.iter().position(|row| row.ticket_id == child).ok_or(Refusal::TicketNotFound)?;
    let child = rows.swap_remove(child);
    Ok((child, rows.pop()))
}

/// Both changes; nothing where it was merged by the same person before.
fn decide_both(
    tickets: &Tickets,
    caller: &Caller,
    target: Target,
    (child, parent): (&Ticket, Option<Ticket>),
) -> Result<Option<Vec<Change>>, Fault> {
    let rules = tickets.rules(caller.district_id);
    let parent_ticket_id = parent.as_ref().map(|parent| parent.ticket_id);
    let asked = parent_ticket_id.unwrap_or_default();
    let merge = wish(tickets, caller, target, Deed::Merge { parent_ticket_id: asked });
    let merged = match decide(child, &merge, &rules)? {
        Decision::Repeated => return Ok(None),
        Decision::Change(change) => *change,
    };
    let parent = parent.filter(|parent| !parent.state().ended()).ok_or(Refusal::ParentNotOpen)?;
    let report = CoReport {
        ticket_id: child.ticket_id,
        person_id: child.reporter_id,
        role: child.reporter_role.clone(),
        promoted: false,
    };
    let target = Target { ticket_id: parent.ticket_id, if_match: None };
    let take_in = wish(tickets, caller, target, Deed::TakeIn { report });
    match decide(&parent, &take_in, &rules)? {
        Decision::Change(change) => Ok(Some(vec![merged, *change])),
        Decision::Repeated => Err(Refusal::ParentNotOpen.into()),
    }
}
