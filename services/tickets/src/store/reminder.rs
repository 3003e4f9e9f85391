//! The tickets whose deadline comes near, and up to when that has been told.
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// Since when reminders are to be told, so long before a deadline; None while somebody else tells them.
pub async fn take(connection: &mut PgConnection, (claim, resolve): (i64, i64)) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"select case when (claim_minutes, resolve_minutes) = ($1, $2) then until else 'epoch' end as "since!"
        from tickets.reminded_until for update skip locked"#,
        claim,
        resolve
    )
    .fetch_optional(connection)
    .await
}

/// Keeps up to when they have been told.
pub async fn keep(
    connection: &mut PgConnection,
    until: DateTime<Utc>,
    (claim, resolve): (i64, i64),
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tickets.reminded_until set until = greatest(until, $1), claim_minutes = $2, resolve_minutes = $3",
        until,
        claim,
        resolve
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A ticket whose deadline comes near.
#[derive(Clone, Debug)]
pub struct DueSoon {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub number: String,
    pub state: String,
    pub category_code: String,
    pub place_path: String,
    pub department_id: Option<Uuid>,
    pub handler_id: Option<Uuid>,
    pub claimed_by: Option<Uuid>,
    pub checker_id: Option<Uuid>,
    pub held_by: String,
    pub timers: Value,
    pub due_at: DateTime<Utc>,
    pub entered_at: DateTime<Utc>,
}

/// The tickets that are due after one deadline and id and until an instant, in that order; at most 500.
pub async fn due_soon(
    connection: &mut PgConnection,
    (after, id): (DateTime<Utc>, Uuid),
    until: DateTime<Utc>,
) -> sqlx::Result<Vec<DueSoon>> {
    sqlx::query_as!(
        DueSoon,
        r#"select t.district_id, t.ticket_id, t.number as "number!", t.state, t.category_code, t.place_path, t.department_id,
            t.handler_id, t.claimed_by, t.checker_id, t.held_by, t.timers, t.due_at as "due_at!",
            coalesce(t.entered_at, t.received_at) as "entered_at!"
        from tickets.ticket t
        where t.due_at >= $1 and (t.due_at, t.ticket_id) > ($1, $2) and t.due_at <= $3
            and t.state in ('POOL', 'CLAIMED', 'COMMUNITY', 'DISPATCHED', 'IN_PROGRESS', 'COORDINATION', 'FEEDBACK')
        order by t.due_at, t.ticket_id limit 500"#,
        after,
        id,
        until
    )
    .fetch_all(connection)
    .await
}
