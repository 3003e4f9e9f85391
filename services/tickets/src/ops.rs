//! What can be done with tickets, one operation a file.
mod act;
mod actions;
mod agenda;
mod bulk_dispatch;
mod calendar_days;
mod categories;
mod channels;
mod classify;
mod comments;
mod dispatch;
mod duties;
mod events;
mod export_case;
mod figures;
mod get;
mod import_categories;
mod inbox;
mod list;
mod merge;
mod put_category;
mod queue;
mod report;
mod similar;
mod strikes;
mod suggest;
mod terms;
mod timeline;

use chassis::faults::Fault;
use ring::digest;
use serde::Serialize;
use uuid::Uuid;

pub use self::{
    act::act,
    actions::list_actions,
    agenda::{AgendaAsked, list_agenda_items},
    bulk_dispatch::{MOST as BULK_MOST, bulk_dispatch},
    calendar_days::{ListedDay, list_calendar_days, put_calendar_days},
    categories::list_categories,
    channels::{ChannelAsked, get_share_card, list_channels, list_wordings, put_channel, put_wording},
    classify::classify,
    comments::{NewComment, add_comment, list_comments},
    dispatch::{Dispatch, dispatch, invite, rule},
    duties::{NewDuty, cancel_duty, list_duties, put_duty},
    events::{History, list_events},
    export_case::export_case,
    figures::{FiguresAsked, Group, Row as FigureRow, Summary, get_figures, public_summary},
    get::get_ticket,
    import_categories::{
        CATEGORY_COLUMNS, CLASS_COLUMNS, FileRow, Imported, RowError, import_categories, import_classes,
    },
    inbox::{ReadAsked, list_inbox, mark_read, unread_of},
    list::{Listing, list_tickets},
    merge::merge,
    put_category::{list_category_versions, put_category},
    queue::{Queue, list_queue},
    report::{Crs, Location, Report, report},
    similar::{Draft, find_similar, list_duplicates},
    strikes::list_strikes,
    suggest::{Suggestion, list_precedents, suggest},
    terms::{get_terms, put_terms},
    timeline::{Timeline, get_timeline},
};

/// The ticket an operation is about, and the version it must have where the client asks for one.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub ticket_id: Uuid,
    pub if_match: Option<i64>,
}

/// What tells the same request from another with the same id.
fn body_hash(act: &str, body: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let text = serde_json::to_vec(&(act, body)).map_err(Fault::internal)?;
    Ok(digest::digest(&digest::SHA256, &text).as_ref().to_vec())
}

/// Text of people: no more characters than allowed, and none that a database cannot keep.
pub fn check_text(field: &str, text: &str, most: usize) -> Result<(), Fault> {
    if text.chars().count() > most {
        return Err(Fault::field(field, format!("at most {most} characters")));
    }
    if text.contains('\0') { Err(Fault::field(field, "must not contain U+0000")) } else { Ok(()) }
}

/// At most 9 photos, none twice, all uploaded by the caller.
pub fn check_media(tickets: &crate::Tickets, caller: &chassis::access::Caller, ids: &[Uuid]) -> Result<(), Fault> {
    if ids.len() > 9 {
        return Err(Fault::field("media_ids", "at most 9 photos"));
    }
    if ids.iter().enumerate().any(|(at, id)| ids[..at].contains(id)) {
        return Err(Fault::field("media_ids", "the same photo twice"));
    }
    let foreign = ids.iter().position(|id| !tickets.media.minted_for(*id, caller.district_id, caller.person_id));
    foreign.map_or(Ok(()), |at| Err(crate::error::Refusal::MediaNotYours(at).into()))
}
