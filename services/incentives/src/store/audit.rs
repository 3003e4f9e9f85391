//! The log of the staff's actions, as it is read.
use chrono::{DateTime, Utc};
use sqlx::{PgPool, types::JsonValue};
use uuid::Uuid;

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
    pub detail: JsonValue,
}

/// The actions of a district below one, the newest first; about one subject where it is not empty.
pub async fn list(pool: &PgPool, district_id: Uuid, subject: &str, below: i64, rows: i64) -> sqlx::Result<Vec<Logged>> {
    sqlx::query_as!(
        Logged,
        r#"select a.audit_id, a.at, a.actor_id, a.actor_role, a.act, a.subject, a.detail,
            (select m.name from incentives.member m where m.district_id = a.district_id and m.person_id = a.actor_id) as "actor_name?"
        from incentives.audit a where a.district_id = $1 and ($2 = '' or a.subject = $2) and a.audit_id < $3
        order by a.audit_id desc limit $4"#,
        district_id,
        subject,
        below,
        rows
    )
    .fetch_all(pool)
    .await
}
