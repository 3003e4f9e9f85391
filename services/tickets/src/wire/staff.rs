//! The staff's requests and answers.
use std::collections::HashSet;

use chassis::{access::Caller, faults::Fault};
use proto::tickets::v1::{self as wire, bulk_dispatch_response::Outcome};

use super::{answers, id};
use crate::{
    Tickets,
    machine::State,
    ops::{BULK_MOST, Dispatch, Queue, Target},
    ticket,
};

pub fn queue(request: wire::ListQueueRequest) -> Result<Queue, Fault> {
    let unknown = |field: &'static str| move |_| Fault::field(field, "must be one of the documented names");
    let state = wire::ticket::State::try_from(request.state).map_err(unknown("state"))?;
    let priority = wire::ticket::Priority::try_from(request.priority).map_err(unknown("priority"))?;
    if request.place_path.len() > 200 || request.place_path.contains('\0') {
        return Err(Fault::field("place_path", "must be a path of at most 200 bytes"));
    }
    Ok(Queue {
        state: State::of(state.as_str_name()),
        priority: i16::try_from(priority as i32 - 1).ok().filter(|priority| *priority >= 0),
        overdue: request.overdue,
        place_path: request.place_path,
        page_size: request.page_size,
        page_token: request.page_token,
    })
}

pub fn dispatches(request: &wire::BulkDispatchRequest) -> Result<Vec<Dispatch>, Fault> {
    if request.items.is_empty() || request.items.len() > BULK_MOST {
        return Err(Fault::field("items", format!("must be 1 to {BULK_MOST} tickets")));
    }
    let mut seen = HashSet::new();
    let dispatch = |(at, item): (usize, &wire::bulk_dispatch_request::Item)| {
        let ticket_id = id(&format!("items[{at}].ticket_id"), &item.ticket_id)?;
        let department_id = id(&format!("items[{at}].department_id"), &item.department_id)?;
        if !seen.insert(ticket_id) {
            return Err(Fault::field(format!("items[{at}].ticket_id"), "the same ticket twice"));
        }
        let target = Target { ticket_id, if_match: None };
        Ok(Dispatch { target, department_id, assisting: Vec::new(), text: String::new() })
    };
    request.items.iter().enumerate().map(dispatch).collect()
}

pub fn outcome(tickets: &Tickets, caller: &Caller, ticket_id: &str, done: Result<ticket::Ticket, Fault>) -> Outcome {
    let ticket_id = ticket_id.to_owned();
    match done {
        Ok(row) => {
            let ticket = Some(answers::ticket(tickets, caller, row));
            Outcome { ticket_id, reason: String::new(), detail: String::new(), ticket }
        }
        Err(fault) => Outcome { ticket_id, reason: fault.reason.to_string(), detail: fault.to_string(), ticket: None },
    }
}
