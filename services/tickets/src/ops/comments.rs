//! What the staff say among themselves about a ticket.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{body_hash, check_media, get_ticket};
use crate::{
    Tickets,
    error::Refusal,
    store::{self, comment::Comment},
    ticket::Ticket,
};

/// What is said.
#[derive(Clone, Debug, Serialize)]
pub struct NewComment {
    pub ticket_id: Uuid,
    pub comment_id: Uuid,
    pub text: String,
    pub media_ids: Vec<Uuid>,
    pub mentioned_ids: Vec<Uuid>,
}

/// Adds a comment; the same again answers the same.
pub async fn add_comment(tickets: &Tickets, caller: &Caller, new: NewComment) -> Result<Comment, Fault> {
    let request_hash = body_hash("comment", &(caller.person_id, &new))?;
    if let Some(known) = known(tickets, caller, new.comment_id, &request_hash).await? {
        return Ok(known);
    }
    let ticket = concerned(tickets, caller, new.ticket_id).await?;
    check_media(tickets, caller, &new.media_ids)?;
    let mut mentioned_ids = new.mentioned_ids;
    mentioned_ids.sort_unstable();
    mentioned_ids.dedup();
    let staff = store::comment::staff_among(&tickets.pool, caller.district_id, &mentioned_ids).await?;
    if usize::try_from(staff).ok() != Some(mentioned_ids.len()) {
        return Err(Refusal::PersonNotStaff.into());
    }
    let comment = Comment {
        district_id: caller.district_id,
        comment_id: new.comment_id,
        ticket_id: new.ticket_id,
        author_id: caller.person_id,
        author_name: None,
        author_role: caller.role.as_str_name().to_owned(),
        text: new.text,
        media_ids: new.media_ids,
        mentioned_ids,
        at: tickets.clock.now(),
        request_hash: request_hash.clone(),
    };
    let told =
        format!("工单 {}，有同事留言提到您：{}", ticket.number, comment.text.chars().take(200).collect::<String>());
    store::comment::add(&tickets.pool, &comment, &ticket.number, &told).await?;
    let made = known(tickets, caller, new.comment_id, &request_hash).await?;
    made.ok_or_else(|| Fault::unavailable("the comment is being written"))
}

async fn known(tickets: &Tickets, caller: &Caller, id: Uuid, hash: &[u8]) -> Result<Option<Comment>, Fault> {
    match store::comment::get(&tickets.pool, caller.district_id, id).await? {
        Some(known) if known.request_hash != hash => Err(Fault::id_reused("comment_id")),
        known => Ok(known),
    }
}

/// The ticket, where the caller's posts have to do with it.
async fn concerned(tickets: &Tickets, caller: &Caller, ticket_id: Uuid) -> Result<Ticket, Fault> {
    let ticket = get_ticket(tickets, caller, ticket_id).await?;
    let ours = |department: &Uuid| caller.reach.departments.contains(department);
    let part = ticket.department_id.iter().any(ours)
        || ticket.assisting.iter().any(ours)
        || ticket.legs().iter().any(|leg| ours(&leg.department_id));
    if part || caller.reaches_place(&ticket.place_path) { Ok(ticket) } else { Err(Refusal::NotYours.into()) }
}

/// The comments on a ticket, the oldest first, with the token of the next page.
pub async fn list_comments(
    tickets: &Tickets,
    caller: &Caller,
    ticket_id: Uuid,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Comment>, String), Fault> {
    let asked = paging::page_size(page_size)?;
    let after = match paging::after::<(DateTime<Utc>, Uuid)>(page_token)? {
        Some((at, id)) => (paging::instant(at)?, id),
        None => (DateTime::UNIX_EPOCH, Uuid::nil()),
    };
    let ticket = concerned(tickets, caller, ticket_id).await?;
    let mut found = store::comment::list(&tickets.pool, (ticket.district_id, ticket_id), after, asked + 1).await?;
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).map(|comment| paging::encode(&(comment.at, comment.comment_id)));
    Ok((found, last.unwrap_or_default()))
}
