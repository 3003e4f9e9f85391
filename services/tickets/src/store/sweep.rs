//! The statements by which time acts.
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::machine::{State, Timer, Transition};

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

/// Deletes up to `limit` due timers of tickets that have moved on. A transition cannot see a timer that another one armed while
/// it waited for the ticket's lock, so such a timer may stay behind; it never acts, and here it ends.
pub async fn forget(pool: &PgPool, timer: Timer, from: &[State], now: DateTime<Utc>, limit: i64) -> sqlx::Result<u64> {
    let from: Vec<String> = from.iter().map(|state| state.code().to_owned()).collect();
    let gone = sqlx::query!(
        "with gone as materialized (
            select m.district_id, m.ticket_id, m.kind
            from tickets.timer m
            join tickets.ticket t on t.district_id = m.district_id and t.ticket_id = m.ticket_id
            where m.kind = $1 and m.due_at <= $2 and t.state <> all($3::text[])
            order by m.due_at
            limit $4
            for update of t, m skip locked
        )
        delete from tickets.timer m using gone g
        where m.district_id = g.district_id and m.ticket_id = g.ticket_id and m.kind = g.kind",
        timer.code(),
        now,
        &from,
        limit
    );
    Ok(gone.execute(pool).await?.rows_affected())
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
