//! Comments, actions and documents on the wire.
use chassis::{clock::timestamp, faults::Fault};
use proto::{
    api::v1::post::Role,
    tickets::v1::{
        self as wire, CouncilResolution, agenda_item,
        council_resolution::Decision,
        ticket::{Media, media::Purpose},
    },
};

use super::{id, ids};
use crate::{
    Tickets,
    error::Refusal,
    ops::{AgendaAsked, NewComment, check_text},
    store::{agenda, audit::Logged, comment, strike},
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

pub fn agenda_asked(request: wire::ListAgendaItemsRequest) -> Result<AgendaAsked, Fault> {
    let state = match agenda_item::State::try_from(request.state) {
        Ok(agenda_item::State::Unspecified) => None,
        Ok(state) => Some(state.as_str_name()),
        Err(_) => return Err(Fault::field("state", "must be OPEN or RESOLVED")),
    };
    check_text("council_path", &request.council_path, 200)?;
    let wire::ListAgendaItemsRequest { due, council_path, page_size, page_token, .. } = request;
    Ok(AgendaAsked { state, due, council_path, page_size, page_token })
}

pub fn agenda_item(tickets: &Tickets, district: uuid::Uuid, item: agenda::AgendaItem) -> wire::AgendaItem {
    let category = tickets.categories.known(district, &item.category_code);
    let category = category.map_or(item.category_code, |category| category.name.clone());
    let decision = Decision::from_str_name(&item.decision).unwrap_or_default();
    let resolution = item.held_on.map(|held_on| CouncilResolution {
        decision: decision.into(),
        text: item.resolution_text,
        held_on: held_on.to_string(),
        review_at: item.resolution_review_at.map(timestamp),
    });
    wire::AgendaItem {
        ticket_id: item.ticket_id.to_string(),
        number: item.number,
        title: format!("【{category}】{}", item.place_name.unwrap_or_default()),
        reason: item.reason,
        council_path: item.council_path,
        council_name: item.council_name.unwrap_or_default(),
        state: agenda_item::State::from_str_name(&item.state).unwrap_or_default().into(),
        due: item.due,
        review_at: Some(timestamp(item.review_at)),
        put_off_at: Some(timestamp(item.put_off_at)),
        ticket_state: super::answers::state(&item.ticket_state),
        resolution,
        recorded_by_name: item.recorded_by_name.unwrap_or_default(),
        recorded_at: item.recorded_at.map(timestamp),
    }
}

pub fn strike(strike: strike::Strike) -> wire::Strike {
    wire::Strike {
        ticket_id: strike.ticket_id.to_string(),
        number: strike.number,
        person_id: strike.person_id.to_string(),
        person_name: strike.person_name.unwrap_or_default(),
        reason: strike.reason,
        at: Some(timestamp(strike.at)),
        lifted_at: strike.lifted_at.map(timestamp),
        appealed: strike.appealed,
    }
}
