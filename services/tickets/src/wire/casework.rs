//! Comments, actions and documents on the wire.
use chassis::{clock::timestamp, faults::Fault};
use proto::{
    api::v1::post::Role,
    tickets::v1::{
        self as wire,
        ticket::{Media, media::Purpose},
    },
};

use super::{id, ids};
use crate::{
    Tickets,
    error::Refusal,
    ops::{NewComment, check_text},
    store::{audit::Logged, comment},
};

pub fn new_comment(request: wire::AddCommentRequest) -> Result<NewComment, Fault> {
    check_text("text", &request.text, 2_000)?;
    if request.text.trim().is_empty() && request.media_ids.is_empty() {
        return Err(Refusal::TextRequired.into());
    }
    if request.mentioned_ids.len() > 10 {
        return Err(Fault::field("mentioned_ids", "at most 10 people"));
    }
    Ok(NewComment {
        ticket_id: id("ticket_id", &request.ticket_id)?,
        comment_id: id("comment_id", &request.comment_id)?,
        text: request.text,
        media_ids: ids("media_ids", &request.media_ids)?,
        mentioned_ids: ids("mentioned_ids", &request.mentioned_ids)?,
    })
}

pub fn comment(tickets: &Tickets, comment: comment::Comment) -> wire::Comment {
    let now = tickets.clock.now();
    let media = |id: &uuid::Uuid| Media {
        media_id: id.to_string(),
        purpose: Purpose::Unspecified.into(),
        url: tickets.media.address(*id, now),
    };
    wire::Comment {
        comment_id: comment.comment_id.to_string(),
        ticket_id: comment.ticket_id.to_string(),
        author_id: comment.author_id.to_string(),
        author_name: comment.author_name.unwrap_or_default(),
        author_role: Role::from_str_name(&comment.author_role).unwrap_or_default().into(),
        text: comment.text,
        media: comment.media_ids.iter().map(media).collect(),
        mentioned_ids: comment.mentioned_ids.iter().map(uuid::Uuid::to_string).collect(),
        at: Some(timestamp(comment.at)),
    }
}

pub fn action(action: Logged) -> wire::Action {
    wire::Action {
        action_id: action.audit_id,
        at: Some(timestamp(action.at)),
        actor_id: action.actor_id.to_string(),
        actor_name: action.actor_name.unwrap_or_default(),
        actor_role: Role::from_str_name(&action.actor_role).unwrap_or_default().into(),
        act: action.act,
        subject: action.subject,
        detail: action.detail.to_string(),
    }
}
