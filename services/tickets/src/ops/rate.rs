//! T19, T20, T21: the reporter says whether it is solved.
use chassis::{access::Caller, faults::Fault};

use super::{Target, body_hash, change, check_text};
use crate::{Tickets, error::Refusal, machine::Act, ticket::Ticket};

/// The reporter's word.
#[derive(Clone, Debug)]
pub struct Rating {
    pub target: Target,
    pub satisfied: bool,
    /// Needed when dissatisfied.
    pub comment: String,
}

/// Closes it, or sends it back, or to coordination when it was sent back before.
pub async fn rate(tickets: &Tickets, caller: &Caller, rating: Rating) -> Result<Ticket, Fault> {
    let Rating { target, satisfied, comment } = rating;
    check_text("comment", &comment, 500)?;
    if !satisfied && comment.trim().is_empty() {
        return Err(Refusal::CommentRequired.into());
    }
    let act = if satisfied { Act::RateSatisfied } else { Act::RateDissatisfied };
    let mut wish = change::plain(tickets, caller, target, act, body_hash("rate", &(satisfied, &comment))?);
    wish.guard.reporter = Some(caller.person_id);
    wish.values.satisfied = Some(satisfied);
    wish.text = comment;
    change::carry_out(tickets, wish).await
}
