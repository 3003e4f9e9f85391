//! The districts' own words.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::wording::{Audience, Wording};

/// The own words of every district.
pub async fn all(pool: &PgPool) -> sqlx::Result<HashMap<Uuid, Vec<Wording>>> {
    let rows = sqlx::query!("select district_id, transition, audience, tiers, urgent, words from tickets.wording");
    let mut districts: HashMap<Uuid, Vec<Wording>> = HashMap::new();
    for row in rows.fetch_all(pool).await? {
        let Some(audience) = Audience::of(&row.audience) else { continue };
        let wording =
            Wording { transition: row.transition, audience, tiers: row.tiers, urgent: row.urgent, words: row.words };
        districts.entry(row.district_id).or_default().push(wording);
    }
    Ok(districts)
}

/// Sets what a district says; the same again changes nothing.
pub async fn put(
    pool: &PgPool,
    district_id: Uuid,
    wording: &Wording,
    (by, at): (Uuid, DateTime<Utc>),
) -> sqlx::Result<()> {
    sqlx::query!(
        "with put as (
            insert into tickets.wording as w (district_id, transition, audience, tiers, urgent, words, changed_by, changed_at)
            select $1, $2, $3, $4, $5, $6, $7, $8
            on conflict on constraint wording_key do update set tiers = excluded.tiers, urgent = excluded.urgent, words = excluded.words,
                changed_by = excluded.changed_by, changed_at = excluded.changed_at
            where (w.tiers, w.urgent, w.words) is distinct from (excluded.tiers, excluded.urgent, excluded.words)
            returning district_id
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $8, $7, 'district_admin', 'PUT_WORDING', $2::text || ' ' || $3::text, jsonb_build_object('tiers', $4::text, 'words', $6::text) from put
        )
        insert into tickets.governed as g (district_id, revision) select district_id, 1 from put
        on conflict on constraint governed_key do update set revision = g.revision + 1",
        district_id,
        wording.transition,
        wording.audience.code(),
        wording.tiers,
        wording.urgent,
        wording.words,
        by,
        at,
    )
    .execute(pool)
    .await
    .map(drop)
}
