//! Lots: points with the time at which they are lost.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// What a member loses next: how many points, and when.
pub async fn next(pool: &PgPool, district_id: Uuid, person_id: Uuid) -> sqlx::Result<Option<(i64, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"select sum(remaining)::bigint as "points!", expires_at from incentives.lot
        where district_id = $1 and person_id = $2 and remaining > 0 and expires_at < 'infinity'
        group by expires_at order by expires_at limit 1"#,
        district_id,
        person_id
    );
    Ok(row.fetch_optional(pool).await?.map(|row| (row.points, row.expires_at)))
}

/// Ends what is over, for so many lots; answers how many transfers that took.
pub async fn expire(pool: &PgPool, now: DateTime<Utc>, most: i64) -> sqlx::Result<i64> {
    let ended = sqlx::query_scalar!(r#"select incentives.expire_lots($1, $2) as "ended!""#, now, most);
    ended.fetch_one(pool).await
}

/// Tells of lots that end until a time and were not told of; answers how many lots.
pub async fn remind(
    pool: &PgPool,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    most: i64,
    traceparent: &str,
) -> sqlx::Result<i64> {
    let told = sqlx::query_scalar!(
        r#"select incentives.remind_of_lots($1, $2, $3, $4) as "told!""#,
        now,
        until,
        most,
        traceparent
    );
    told.fetch_one(pool).await
}
