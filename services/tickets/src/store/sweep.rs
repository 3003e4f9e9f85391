//! The statements by which time acts.
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::ticket::Ticket;

/// Locks up to `limit` tickets with a deadline that has come, longest due first.
pub async fn due(connection: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<Ticket>> {
    sqlx::query_file_as!(Ticket, "src/store/due.sql", now, limit).fetch_all(connection).await
}

/// When the next deadline is due.
pub async fn next_due(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select min(due_at) from tickets.ticket where due_at is not null").fetch_one(pool).await
}
