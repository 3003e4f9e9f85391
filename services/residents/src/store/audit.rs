use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// What staff did. Belongs into the transaction of the deed.
pub struct Deed<'a> {
    pub district_id: Uuid,
    /// None: the installation itself.
    pub actor: Option<Uuid>,
    pub action: &'a str,
    pub subject_id: Uuid,
    pub detail: Value,
}

/// Writes a deed down, for good.
pub async fn note(connection: &mut PgConnection, deed: Deed<'_>, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into residents.audit (district_id, at, actor, action, subject_id, detail) values ($1, $2, $3, $4, $5, $6)",
        deed.district_id,
        at,
        deed.actor,
        deed.action,
        deed.subject_id,
        deed.detail
    )
    .execute(connection)
    .await?;
    Ok(())
}
