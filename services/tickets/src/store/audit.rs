//! The log of the staff's actions.
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// An action to be kept.
#[derive(Clone, Debug)]
pub struct Action {
    pub district_id: Uuid,
    pub at: DateTime<Utc>,
    pub actor_id: Uuid,
    pub actor_role: String,
    pub act: String,
    pub subject: String,
    pub detail: Value,
}

/// Keeps actions; a transition of a ticket once.
pub async fn keep(connection: &mut PgConnection, actions: &[Action]) -> sqlx::Result<()> {
    fn all<'a, T>(list: &'a [Action], column: impl Fn(&'a Action) -> T) -> Vec<T> {
        list.iter().map(column).collect()
    }
    if actions.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select a.* from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[]) as a
        on conflict (district_id, subject, act, (detail->>'sequence')) where detail ? 'sequence' do nothing",
        &all(actions, |a| a.district_id),
        &all(actions, |a| a.at),
        &all(actions, |a| a.actor_id),
        &all(actions, |a| a.actor_role.as_str()) as _,
        &all(actions, |a| a.act.as_str()) as _,
        &all(actions, |a| a.subject.as_str()) as _,
        &all(actions, |a| a.detail.clone()),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// An action as it is shown.
#[derive(Clone, Debug)]
pub struct Logged {
    pub audit_id: i64,
    pub at: DateTime<Utc>,
    pub actor_id: Uuid,
    pub actor_name: Option<String>,
    pub actor_role: String,
    pub act: String,
    pub subject: String,
    pub detail: Value,
}

/// The actions of a district below one, the newest first; about one subject where it is not empty.
pub async fn list(pool: &PgPool, district_id: Uuid, subject: &str, below: i64, rows: i64) -> sqlx::Result<Vec<Logged>> {
    sqlx::query_as!(
        Logged,
        r#"select a.audit_id, a.at, a.actor_id, a.actor_role, a.act, a.subject, a.detail,
            (select p.name from tickets.person p where p.district_id = a.district_id and p.person_id = a.actor_id) as "actor_name?"
        from tickets.audit a where a.district_id = $1 and ($2 = '' or a.subject = $2) and a.audit_id < $3
        order by a.audit_id desc limit $4"#,
        district_id,
        subject,
        below,
        rows
    )
    .fetch_all(pool)
    .await
}
