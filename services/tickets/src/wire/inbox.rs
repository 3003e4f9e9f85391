//! Messages and timelines on the wire.
use chassis::{clock::timestamp, faults::Fault};
use proto::tickets::v1::{self as wire, timeline};

use super::{answers, etag, id};
use crate::{
    ops::{ReadAsked, Timeline},
    store::inbox::Message,
};

pub fn message(message: Message) -> wire::Message {
    wire::Message {
        message_id: message.message_id,
        ticket_id: message.ticket_id.map(|id| id.to_string()).unwrap_or_default(),
        sequence: message.sequence,
        number: message.number,
        text: message.text,
        at: Some(timestamp(message.at)),
        read_at: message.read_at.map(timestamp),
    }
}

pub fn read(request: wire::MarkReadRequest) -> Result<ReadAsked, Fault> {
    if request.message_ids.len() > 200 {
        return Err(Fault::field("message_ids", "at most 200"));
    }
    let ticket_id = request.ticket_id.map(|text| id("ticket_id", &text)).transpose()?;
    Ok(ReadAsked { message_ids: request.message_ids, ticket_id, up_to: request.up_to_message_id })
}

pub fn timeline(told: Timeline) -> wire::Timeline {
    let steps = told.steps.into_iter().map(|step| timeline::Step {
        sequence: step.sequence,
        words: step.words,
        text: step.text,
        at: Some(timestamp(step.at)),
    });
    wire::Timeline {
        ticket_id: told.ticket.ticket_id.to_string(),
        state: answers::state(&told.ticket.state),
        steps: steps.collect(),
        next: told.next.map(|(words, at)| timeline::Next { words: words.into(), due_at: Some(timestamp(at)) }),
        promised_by: Some(timestamp(told.ticket.promised_by)),
        etag: etag(told.ticket.version),
        number: told.ticket.number,
    }
}
