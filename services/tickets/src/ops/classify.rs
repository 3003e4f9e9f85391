//! T32: what a ticket is about, by the category's terms of today.
use chassis::{access::Caller, faults::Fault};

use super::{Target, act};
use crate::{
    Tickets,
    decide::{Deed, Terms},
    error::Refusal,
    ticket::Ticket,
};

/// Sets the category, and with it level, priority and time.
pub async fn classify(
    tickets: &Tickets,
    caller: &Caller,
    target: Target,
    (code, text): (String, String),
) -> Result<Ticket, Fault> {
    let category = tickets.categories.find(&tickets.pool, caller.district_id, &code).await?;
    let category = category.ok_or(Refusal::CategoryUnknown)?;
    let terms = Terms {
        category_code: category.category_code.clone(),
        level: category.level,
        priority: category.priority,
        clock: category.clock().code().to_owned(),
        resolve_minutes: category.resolve_minutes(),
        after_photo: category.after_photo,
        text,
    };
    act(tickets, caller, target, Deed::Classify(terms)).await
}
