//! A change as a stream tells it, and where in the feed it stands.
use std::fmt;

use axum::body::Bytes;
use chassis::clock::instant;
use proto::{
    events::v1::{Event, Position},
    tickets::v1::TicketChanged,
};
use serde_json::json;
use uuid::Uuid;

/// Where in the feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(i64, i64);

impl At {
    /// As an event's id says it.
    pub fn of(id: &str) -> Option<Self> {
        let (transaction, event) = id.split_once('-')?;
        Some(Self(transaction.parse().ok().filter(|at| *at >= 0)?, event.parse().ok().filter(|at| *at >= 0)?))
    }

    /// How many transactions lie between, some of which may have told nothing.
    pub fn transactions_after(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    pub fn position(self) -> Position {
        Position { transaction_id: self.0, event_id: self.1 }
    }
}

impl From<Position> for At {
    fn from(position: Position) -> Self {
        Self(position.transaction_id, position.event_id)
    }
}

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.0, self.1)
    }
}

/// A change, ready to be sent.
#[derive(Debug)]
pub struct Item {
    pub at: At,
    pub district: Uuid,
    pub place_path: String,
    pub from_state: &'static str,
    pub state: &'static str,
    /// The lead, those that help, and those asked for their statement.
    pub departments: Vec<Uuid>,
    /// Who reported it.
    pub people: Vec<Uuid>,
    pub frame: Bytes,
}

/// What an event of the feed is to a stream; it says nothing of anybody.
pub fn item(event: &Event) -> Option<Item> {
    let changed: TicketChanged = chassis::consumer::payload(event).ok().flatten()?;
    let at = At::from(event.position?);
    let time = |at: Option<prost_types::Timestamp>| at.as_ref().and_then(instant).map(|at| at.to_rfc3339());
    let data = json!({
        "ticket_id": changed.ticket_id,
        "number": changed.number,
        "sequence": changed.sequence,
        "transition": changed.transition,
        "from_state": changed.from_state().as_str_name(),
        "state": changed.to_state().as_str_name(),
        "priority": changed.priority().as_str_name(),
        "category_code": changed.category_code,
        "place_path": changed.place_path,
        "held_by": changed.held_by,
        "due_at": time(changed.due_at),
        "at": time(changed.at).or_else(|| time(event.at)),
    });
    let ids = |texts: &mut dyn Iterator<Item = &String>| texts.filter_map(|text| text.parse().ok()).collect();
    Some(Item {
        at,
        district: event.district_id.parse().ok()?,
        from_state: changed.from_state().as_str_name(),
        state: changed.to_state().as_str_name(),
        departments: ids(&mut changed.department_id.iter().chain(&changed.assisting).chain(&changed.invited)),
        people: ids(&mut [&changed.reporter_id].into_iter().chain(changed.co_reports.iter().map(|one| &one.person_id))),
        frame: Bytes::from(format!("id: {at}\nevent: ticket\ndata: {data}\n\n")),
        place_path: changed.place_path,
    })
}
