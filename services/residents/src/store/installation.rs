use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// What this installation has been through under a name; none before it began.
pub async fn state(pool: &PgPool, name: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select state from residents.installation where name = $1", name).fetch_optional(pool).await
}

/// Notes how far the installation is.
pub async fn set_state(pool: &PgPool, name: &str, state: &str, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into residents.installation (name, state, at) values ($1, $2, $3) \
         on conflict (name) do update set state = excluded.state, at = excluded.at",
        name,
        state,
        at
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Whether there is any district.
pub async fn is_empty(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select not exists (select from residents.district) as "empty!""#).fetch_one(pool).await
}

/// How many events this service has told so far.
pub async fn told(pool: &PgPool) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from residents.outbox"#).fetch_one(pool).await
}
