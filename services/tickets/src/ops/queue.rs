//! What waits for a person, the next deadline first.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use proto::api::v1::post::Role;
use uuid::Uuid;

use crate::{
    Tickets,
    machine::State,
    store::{self, queue::Page},
    ticket::{Ticket, place_above},
};

/// Which part of a queue.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub state: Option<State>,
    /// This one and the more urgent ones.
    pub priority: Option<i16>,
    pub overdue: bool,
    /// Empty: everywhere.
    pub place_path: String,
    pub page_size: i32,
    pub page_token: String,
}

/// A page of the caller's queue, with the token of the next one.
pub async fn list_queue(tickets: &Tickets, caller: &Caller, queue: Queue) -> Result<(Vec<Ticket>, String), Fault> {
    let asked = paging::page_size(queue.page_size)?;
    let above = match paging::after::<(DateTime<Utc>, Uuid)>(&queue.page_token)? {
        Some((due_at, ticket_id)) => (paging::instant(due_at)?, ticket_id),
        None => (DateTime::UNIX_EPOCH, Uuid::nil()),
    };
    let page = Page {
        holders: holders(caller),
        departments: caller.reach.departments.clone(),
        state: queue.state.map(State::code),
        priority: queue.priority,
        place_path: queue.place_path,
        overdue: queue.overdue,
        now: tickets.clock.now(),
        above,
        rows: asked + 1,
    };
    let mut found = store::queue::list(&tickets.pool, caller.district_id, page).await?;
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).and_then(|ticket| Some((ticket.due_at?, ticket.ticket_id)));
    Ok((found, last.map(|last| paging::encode(&last)).unwrap_or_default()))
}

/// Whose turn counts as the caller's, by their posts.
fn holders(caller: &Caller) -> Vec<String> {
    let mut holders = Vec::new();
    for post in &caller.posts {
        match Role::try_from(post.r) {
            Ok(Role::Liaison) => holders.push(format!("street:{}", place_above(&post.p, 2))),
            Ok(Role::CommunityWorker) => {
                holders.extend([
                    format!("community:{}", place_above(&post.p, 3)),
                    format!("check:{}", place_above(&post.p, 3)),
                ]);
            }
            Ok(Role::HomeObserver) => holders.push(format!("check:{}", place_above(&post.p, 3))),
            Ok(Role::DepartmentHandler) => holders.extend(post.d.map(|department| format!("department:{department}"))),
            Ok(Role::Coordinator) => holders.push("coordinator".into()),
            _ => {}
        }
    }
    holders
}
