//! The hot insert: new tickets, a batch at a time.
use sqlx::PgPool;

use crate::ticket::Ticket;

/// A ticket about to be born.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// As it will be stored; the database adds the number.
    pub ticket: Ticket,
    pub facts: serde_json::Value,
    pub told: serde_json::Value,
    pub traceparent: String,
}

/// The text of [`report`], for those who measure it.
pub const REPORT: &str = include_str!("report.sql");

/// Inserts what is new, each with its event and outbox row; ids that exist are left out of the answer.
pub async fn report(pool: &PgPool, batch: &[NewTicket]) -> sqlx::Result<Vec<Ticket>> {
    fn all<'a, T>(batch: &'a [NewTicket], column: impl Fn(&'a NewTicket) -> T) -> Vec<T> {
        batch.iter().map(column).collect()
    }
    sqlx::query_file_as!(
        Ticket,
        "src/store/report.sql",
        &all(batch, |t| t.ticket.ticket_id),
        &all(batch, |t| serde_json::to_value(&t.ticket).unwrap_or_default()),
        &all(batch, |t| t.facts.clone()),
        &all(batch, |t| t.told.clone()),
        &all(batch, |t| t.ticket.request_hash.clone()),
        &all(batch, |t| t.traceparent.as_str()) as _,
    )
    .fetch_all(pool)
    .await
}
