//! The hot insert: new tickets, a batch at a time.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{machine::State, ticket::Ticket};

/// A ticket about to be born.
#[derive(Clone, Debug)]
pub struct NewTicket {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    /// "GN261123-"; the database adds the number.
    pub number_prefix: String,
    pub terms: Terms,
    pub text: String,
    pub place_id: Uuid,
    pub place_path: String,
    pub point: Option<Point>,
    pub reporter_id: Uuid,
    pub reporter_role: &'static str,
    pub media: Vec<Uuid>,
    pub captured_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub claim_by: DateTime<Utc>,
    pub promised_by: DateTime<Utc>,
    pub request_hash: Vec<u8>,
    pub traceparent: String,
}

/// What the category says of it.
#[derive(Clone, Debug)]
pub struct Terms {
    pub category_code: String,
    pub level: i16,
    pub priority: i16,
    pub resolve_hours: i32,
    pub after_photo: bool,
}

/// A coordinate as it was given, and in GCJ-02.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub lng: f64,
    pub lat: f64,
    pub crs: &'static str,
    pub accuracy_m: Option<f64>,
    pub gcj: (f64, f64),
}

/// The text of [`report`], for those who measure it.
pub const REPORT: &str = include_str!("report.sql");

/// Inserts what is new, each with its event, deadline and outbox row; ids that exist are left out of the answer.
pub async fn report(pool: &PgPool, batch: &[NewTicket]) -> sqlx::Result<Vec<Ticket>> {
    fn all<'a, T>(batch: &'a [NewTicket], column: impl Fn(&'a NewTicket) -> T) -> Vec<T> {
        batch.iter().map(column).collect()
    }
    sqlx::query_file_as!(
        Ticket,
        "src/store/report.sql",
        &all(batch, |t| t.district_id),
        &all(batch, |t| t.ticket_id),
        &all(batch, |t| t.number_prefix.as_str()) as _,
        &vec![State::Pool.code(); batch.len()] as _,
        &all(batch, |t| t.terms.level),
        &all(batch, |t| t.terms.priority),
        &all(batch, |t| t.terms.category_code.as_str()) as _,
        &all(batch, |t| t.text.as_str()) as _,
        &all(batch, |t| t.place_id),
        &all(batch, |t| t.place_path.as_str()) as _,
        &all(batch, |t| t.point.map(|point| point.lng)) as _,
        &all(batch, |t| t.point.map(|point| point.lat)) as _,
        &all(batch, |t| t.point.map(|point| point.crs)) as _,
        &all(batch, |t| t.point.and_then(|point| point.accuracy_m)) as _,
        &all(batch, |t| t.point.map(|point| point.gcj.0)) as _,
        &all(batch, |t| t.point.map(|point| point.gcj.1)) as _,
        &all(batch, |t| t.reporter_id),
        &all(batch, |t| t.reporter_role) as _,
        &all(batch, |t| joined(&t.media)),
        &all(batch, |t| t.captured_at),
        &all(batch, |t| t.received_at),
        &all(batch, |t| t.claim_by),
        &all(batch, |t| t.promised_by),
        &all(batch, |t| t.terms.resolve_hours),
        &all(batch, |t| t.terms.after_photo),
        &all(batch, |t| t.request_hash.clone()),
        &all(batch, |t| t.traceparent.as_str()) as _,
    )
    .fetch_all(pool)
    .await
}

/// Ids as one text: arrays of arrays cannot be unnested row by row.
pub fn joined(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",")
}
