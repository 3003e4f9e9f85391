//! The log of what the staff do with money.
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Who of the staff acts, in which role, and when.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    pub district_id: Uuid,
    pub person_id: Uuid,
    pub role: &'static str,
    pub at: DateTime<Utc>,
}

/// Keeps an act, in the transaction that does it.
pub async fn keep(
    connection: &mut PgConnection,
    by: &Actor,
    (act, subject): (&str, Uuid),
    detail: Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into finance.audit (district_id, at, actor_id, actor_role, act, subject, detail) values ($1, $2, $3, $4, $5, $6::uuid::text, $7)",
        by.district_id,
        by.at,
        by.person_id,
        by.role,
        act,
        subject,
        detail
    )
    .execute(connection)
    .await
    .map(drop)
}

/// An act as it is shown.
#[derive(Clone, Debug)]
pub struct Logged {
    pub audit_id: i64,
    pub at: DateTime<Utc>,
    pub actor_id: Uuid,
    pub actor_name: String,
    pub actor_role: String,
    pub act: String,
    pub subject: String,
    pub detail: Value,
}

/// The acts of a district below one, the newest first; about one subject where it is not empty.
pub async fn list(pool: &PgPool, district_id: Uuid, subject: &str, below: i64, rows: i64) -> sqlx::Result<Vec<Logged>> {
    sqlx::query_as!(
        Logged,
        r#"select a.audit_id, a.at, a.actor_id, coalesce(p.name, '') as "actor_name!", a.actor_role, a.act, a.subject, a.detail
        from finance.audit a left join finance.person p on p.district_id = a.district_id and p.person_id = a.actor_id
        where a.district_id = $1 and ($2 = '' or a.subject = $2) and a.audit_id < $3
        order by a.audit_id desc limit $4"#,
        district_id,
        subject,
        below,
        rows
    )
    .fetch_all(pool)
    .await
}
