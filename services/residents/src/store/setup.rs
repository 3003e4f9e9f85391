use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool};

/// Whether anybody administers a whole district on a day.
pub async fn has_administrator(pool: &PgPool, today: NaiveDate) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
              select from residents.post join residents.place using (district_id, place_id)
              where post.role = 'district_admin' and place.level = 1 and post.ended_at is null and post.from_date <= $1
                 and (post.until_date is null or post.until_date >= $1)
           ) as "exists!""#,
        today
    )
    .fetch_one(pool)
    .await
}

/// Keeps a new token and forgets the expired ones.
pub async fn add_token(pool: &PgPool, hash: &[u8], now: DateTime<Utc>, expires_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "with gone as (delete from residents.setup_token where expires_at < $2) \
         insert into residents.setup_token (token_hash, expires_at) values ($1, $3)",
        hash,
        now,
        expires_at
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Uses a token up, if it is good and nobody administers yet. Two tokens at once wait for each other.
pub async fn use_token(
    connection: &mut PgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
    today: NaiveDate,
) -> sqlx::Result<bool> {
    sqlx::query!("lock table residents.setup_token in exclusive mode").execute(&mut *connection).await?;
    let done = sqlx::query!(
        "update residents.setup_token set used_at = $2 where token_hash = $1 and used_at is null and expires_at > $2 \
         and not exists (\
            select from residents.post join residents.place using (district_id, place_id) \
            where post.role = 'district_admin' and place.level = 1 and post.ended_at is null and post.from_date <= $3 \
               and (post.until_date is null or post.until_date >= $3))",
        hash,
        now,
        today
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}
