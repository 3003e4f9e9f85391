//! The statements by which time acts.
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::machine::{State, Transition};

fn from_states(row: &Transition) -> Vec<String> {
    row.from.iter().map(|state| state.code().to_owned()).collect()
}

/// Moves up to `limit` tickets whose claim is overdue, oldest first; answers when each was due.
pub async fn unclaimed(
    pool: &PgPool,
    row: &Transition,
    now: DateTime<Utc>,
    limit: i64,
    traceparent: &str,
) -> sqlx::Result<Vec<DateTime<Utc>>> {
    let to = row.to.unwrap_or(State::Coordination).code();
    let fired = sqlx::query_file_scalar!(
        "src/store/unclaimed.sql",
        now,
        &from_states(row),
        limit,
        to,
        row.reason,
        row.id,
        traceparent
    );
    fired.fetch_all(pool).await
}

/// Escalates up to `limit` tickets that are not resolved in time, oldest first; answers when each was due.
pub async fn overdue(
    pool: &PgPool,
    row: &Transition,
    now: DateTime<Utc>,
    limit: i64,
    traceparent: &str,
) -> sqlx::Result<Vec<DateTime<Utc>>> {
    let fired = sqlx::query_file_scalar!("src/store/overdue.sql", now, &from_states(row), limit, row.id, traceparent);
    fired.fetch_all(pool).await
}

/// When the next deadline is due, of those that act.
pub async fn next_due(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"select least(
            (select min(due_at) from tickets.timer where kind = 'CLAIM'),
            (select min(due_at) from tickets.timer where kind = 'RESOLVE')) as due_at"#
    )
    .fetch_one(pool)
    .await
}
