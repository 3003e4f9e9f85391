//! T14: the handler reports the work done. Before anybody accepted, it counts as accepted too.
use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use super::{Target, body_hash, change, check_media, check_text};
use crate::{Tickets, error::Refusal, machine::Act, ticket::Ticket};

/// What was done.
#[derive(Clone, Debug)]
pub struct Resolution {
    pub target: Target,
    pub text: String,
    pub media_ids: Vec<Uuid>,
}

/// Sends it back to the reporter for their word.
pub async fn resolve(tickets: &Tickets, caller: &Caller, resolution: Resolution) -> Result<Ticket, Fault> {
    let Resolution { target, text, media_ids } = resolution;
    if text.trim().is_empty() {
        return Err(Refusal::TextRequired.into());
    }
    check_text("text", &text, 2000)?;
    check_media(tickets, caller, &media_ids)?;
    let hash = body_hash("resolve", &(&text, &media_ids))?;
    let mut wish = change::plain(tickets, caller, target, Act::Resolve, hash);
    wish.guard.department = Some(caller.reach.departments.clone());
    wish.guard.without_photo = media_ids.is_empty();
    wish.values.handler_id = Some(caller.person_id);
    wish.values.resolution_media = Some(media_ids);
    wish.values.resolution_text = Some(text.clone());
    wish.text = text;
    change::carry_out(tickets, wish).await
}
