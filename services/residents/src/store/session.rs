use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::session::{GRACE, IDLE, RefreshToken};

pub async fn add(
    connection: &mut PgConnection,
    token: &RefreshToken,
    person_id: Uuid,
    district_id: Uuid,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into residents.session \
            (session_id, person_id, district_id, family_hash, current_hash, salt, created_at, last_used_at) \
         values ($1, $2, $3, $4, $5, '', $6, $6)",
        token.session_id,
        person_id,
        district_id,
        &token.family_hash(),
        &token.hash(),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whose session was refreshed, and what the next token is derived with.
pub struct Rotated {
    pub person_id: Uuid,
    pub district_id: Uuid,
    pub salt: String,
}

/// Moves a session on if this is its current token; leaves it where it is if this is the one before and still in its grace.
pub async fn rotate(
    connection: &mut PgConnection,
    token: &RefreshToken,
    salt: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<Rotated>> {
    sqlx::query_as!(
        Rotated,
        "update residents.session set \
            previous_hash = $3, last_used_at = $6, \
            previous_until = case when current_hash = $3 then $7 else previous_until end, \
            salt = case when current_hash = $3 then $4 else salt end, \
            current_hash = case when current_hash = $3 then $5 else current_hash end \
         where session_id = $1 and family_hash = $2 and ended_at is null and last_used_at > $8 \
            and (current_hash = $3 or (previous_hash = $3 and previous_until > $6)) \
         returning person_id, district_id, salt",
        token.session_id,
        &token.family_hash(),
        &token.hash(),
        salt,
        &token.next(salt).hash(),
        at,
        at + GRACE,
        at - IDLE
    )
    .fetch_optional(connection)
    .await
}

/// Ends a living session one of whose older tokens was used again. False for a token that never was one of ours.
pub async fn end_reused(pool: &PgPool, token: &RefreshToken, at: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update residents.session set ended_at = $3, ended_because = 'REUSED' \
         where session_id = $1 and family_hash = $2 and ended_at is null and last_used_at > $4 and current_hash <> $5",
        token.session_id,
        &token.family_hash(),
        at,
        at - IDLE,
        &token.hash()
    );
    Ok(done.execute(pool).await?.rows_affected() == 1)
}

/// Ends a session in a district where the person has no post any more.
pub async fn end_left(connection: &mut PgConnection, session_id: Uuid, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update residents.session set ended_at = $2, ended_because = 'POST_ENDED' \
         where session_id = $1 and ended_at is null",
        session_id,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends one session of a person, or all; answers which were still going.
pub async fn sign_out(
    pool: &PgPool,
    person_id: Uuid,
    only: Option<Uuid>,
    at: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "update residents.session set ended_at = $3, ended_because = 'SIGNED_OUT' \
         where person_id = $1 and ended_at is null and ($2::uuid is null or session_id = $2) returning session_id",
        person_id,
        only,
        at
    )
    .fetch_all(pool)
    .await
}
