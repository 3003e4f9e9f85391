//! The hot transition: changes of tickets, a batch at a time.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    machine::{Act, REWORK_HOURS, State, Timer, Transition, When, rows},
    store::report::joined,
    ticket::Ticket,
};

/// Somebody's wish to change a ticket: what must hold beside the state table, and what is set.
#[derive(Clone, Debug)]
pub struct Change {
    pub act: Act,
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub guard: Guard,
    pub values: Values,
    pub actor_id: Uuid,
    pub actor_role: &'static str,
    /// What the history says.
    pub text: String,
    pub at: DateTime<Utc>,
    pub body_hash: Vec<u8>,
    pub traceparent: String,
}

/// What must hold; `None` asks nothing.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// The ticket lies at one of these places or below.
    pub scopes: Option<Vec<String>>,
    pub department: Option<Vec<Uuid>>,
    pub reporter: Option<Uuid>,
    pub claimer: Option<Uuid>,
    pub version: Option<i64>,
    /// After-photos come with it, where the category asks for them.
    pub without_photo: bool,
}

/// What is set; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub claimed_by: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub handler_id: Option<Uuid>,
    pub resolution_text: Option<String>,
    pub resolution_media: Option<Vec<Uuid>>,
    pub satisfied: Option<bool>,
}

/// One row of the state table offered to one ticket.
struct Offer<'a> {
    change: &'a Change,
    row: &'static Transition,
    from: State,
    department: Option<Uuid>,
}

impl Offer<'_> {
    /// Work in progress is reported done by the one who accepted it.
    fn needs_handler(&self) -> Option<Uuid> {
        (self.row.act == Act::Resolve && self.from == State::InProgress).then_some(self.change.actor_id)
    }

    fn needs_reopened(&self) -> Option<bool> {
        match self.row.when {
            When::FirstTime => Some(false),
            When::Again => Some(true),
            When::Always | When::Unclaimed => None,
        }
    }

    fn needs_reason(&self) -> Option<&'static str> {
        (self.row.when == When::Unclaimed).then_some(crate::machine::UNCLAIMED)
    }
}

/// Every row of the table that may apply, for every department the caller acts for. At most one will.
fn offers(batch: &[Change]) -> Vec<Offer<'_>> {
    let mut offers = Vec::with_capacity(batch.len() * 2);
    for change in batch {
        let departments: Vec<Option<Uuid>> = match &change.guard.department {
            Some(departments) => departments.iter().copied().map(Some).collect(),
            None => vec![None],
        };
        for row in rows(change.act) {
            for &from in row.from {
                offers.extend(departments.iter().map(|&department| Offer { change, row, from, department }));
            }
        }
    }
    offers
}

fn codes(timers: &[Timer]) -> String {
    timers.iter().map(|timer| timer.code()).collect::<Vec<_>>().join("|")
}

/// The text of [`apply`], for those who measure it.
pub const APPLY: &str = include_str!("apply.sql");

/// Changes the tickets whose guards hold, each with its event, deadlines and outbox row; the others are left out of the answer.
pub async fn apply(pool: &PgPool, batch: &[Change]) -> sqlx::Result<Vec<Ticket>> {
    let offers = offers(batch);
    let offers = offers.as_slice();
    fn all<'a, T>(offers: &'a [Offer<'a>], column: impl Fn(&'a Offer<'a>) -> T) -> Vec<T> {
        offers.iter().map(column).collect()
    }
    sqlx::query_file_as!(
        Ticket,
        "src/store/apply.sql",
        &batch.iter().map(|change| change.district_id).collect::<Vec<_>>(),
        &batch.iter().map(|change| change.ticket_id).collect::<Vec<_>>(),
        &all(offers, |o| o.change.district_id),
        &all(offers, |o| o.change.ticket_id),
        &all(offers, |o| o.row.id) as _,
        &all(offers, |o| o.from.code()) as _,
        &all(offers, |o| o.row.to.unwrap_or(o.from).code()) as _,
        &all(offers, Offer::needs_reason) as _,
        &all(offers, Offer::needs_reopened) as _,
        &all(offers, |o| o.change.guard.scopes.as_ref().map(|scopes| scopes.join("|"))) as _,
        &all(offers, |o| o.department) as _,
        &all(offers, |o| o.change.guard.reporter) as _,
        &all(offers, |o| o.change.guard.claimer) as _,
        &all(offers, Offer::needs_handler) as _,
        &all(offers, |o| o.change.guard.version) as _,
        &all(offers, |o| !o.change.guard.without_photo),
        &all(offers, |o| codes(o.row.cancels)),
        &all(offers, |o| Some(codes(o.row.arms)).filter(|codes| !codes.is_empty())) as _,
        &all(offers, |o| o.row.rework),
        &all(offers, |o| o.change.values.claimed_by) as _,
        &all(offers, |o| o.change.values.department_id) as _,
        &all(offers, |o| o.change.values.handler_id.filter(|_| o.needs_handler().is_none())) as _,
        &all(offers, |o| o.change.values.resolution_text.as_deref()) as _,
        &all(offers, |o| o.change.values.resolution_media.as_deref().map(joined)) as _,
        &all(offers, |o| o.change.values.satisfied) as _,
        &all(offers, |o| o.row.reason) as _,
        &all(offers, |o| o.change.actor_id),
        &all(offers, |o| o.change.actor_role) as _,
        &all(offers, |o| o.change.text.as_str()) as _,
        &all(offers, |o| o.change.at),
        &all(offers, |o| o.change.body_hash.clone()),
        &all(offers, |o| o.change.traceparent.as_str()) as _,
        REWORK_HOURS,
    )
    .fetch_all(pool)
    .await
}
