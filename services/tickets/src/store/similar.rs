//! Open tickets near a point or at a place, and what photos look like.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::similar::{Asked, Near, PHOTO_METRES, around};

/// The most rows that are looked at.
const MOST: i64 = 100;

/// What may be the same matter, the newest first.
pub async fn near(pool: &PgPool, district_id: Uuid, asked: &Asked) -> sqlx::Result<Vec<Near>> {
    let metres = if asked.media_ids.is_empty() { asked.metres } else { asked.metres.max(PHOTO_METRES) };
    let (bands, west, east) = asked.point.map(|point| around(point, metres)).unwrap_or_default();
    sqlx::query_file_as!(
        Near,
        "src/store/similar.sql",
        district_id,
        &bands,
        west,
        east,
        asked.place_path,
        asked.since,
        asked.point.is_none(),
        asked.ticket_id.unwrap_or_default(),
        &asked.media_ids,
        MOST,
    )
    .fetch_all(pool)
    .await
}

/// What an uploaded photo looks like.
#[derive(Clone, Debug)]
pub struct Photo {
    pub district_id: Uuid,
    pub media_id: Uuid,
    pub sha256: Vec<u8>,
    pub look: Option<i64>,
    pub at: DateTime<Utc>,
}

/// Keeps it and tells the others; what is kept stays.
pub async fn keep_photo(pool: &PgPool, photo: &Photo) -> sqlx::Result<()> {
    sqlx::query!(
        "with kept as (
            insert into tickets.photo (district_id, media_id, sha256, look, at) values ($1, $2, $3, $4, $5)
            on conflict on constraint photo_key do nothing returning district_id, media_id, sha256, at)
        insert into tickets.outbox (district_id, subject_id, type, payload, at)
        select district_id, media_id, 'hemei.tickets.v1.PhotoSeen',
            jsonb_build_object('media_id', media_id, 'sha256', encode(sha256, 'hex')), at
        from kept",
        photo.district_id,
        photo.media_id,
        photo.sha256,
        photo.look,
        photo.at
    )
    .execute(pool)
    .await
    .map(drop)
}
