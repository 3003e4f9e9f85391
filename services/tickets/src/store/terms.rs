//! The districts' own deadlines and hours.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use crate::terms::{OwnTerms, Phone};

/// Grows with every edit of any district.
pub async fn revision(pool: &PgPool) -> sqlx::Result<i64> {
    let sum = sqlx::query_scalar!(r#"select coalesce(sum(revision), 0)::int8 as "sum!" from tickets.governed"#);
    sum.fetch_one(pool).await
}

/// What holds in each district that has terms of its own.
pub async fn latest(pool: &PgPool) -> sqlx::Result<Vec<(Uuid, OwnTerms)>> {
    let rows = sqlx::query!(
        r#"select distinct on (district_id) district_id, version, timers as "timers: Json<BTreeMap<String, i64>>",
            hours as "hours: Json<Vec<(i64, i64)>>", phones as "phones: Json<Vec<Phone>>", changed_at
        from tickets.terms order by district_id, version desc"#
    );
    let mut latest = Vec::new();
    for row in rows.fetch_all(pool).await? {
        let (timers, hours, phones) = (row.timers.0, row.hours.0, row.phones.0);
        let own = OwnTerms { version: row.version, timers, hours, phones, changed_at: Some(row.changed_at) };
        latest.push((row.district_id, own));
    }
    Ok(latest)
}

/// Writes the next version where the last one is `version`; false where it is not.
pub async fn put(
    pool: &PgPool,
    district_id: Uuid,
    own: &OwnTerms,
    (by, at): (Uuid, DateTime<Utc>),
) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "with made as (
            insert into tickets.terms (district_id, version, timers, hours, phones, changed_by, changed_at)
            select $1, $2 + 1, $3, $4, $5, $6, $7
            where $2 = (select coalesce(max(version), 0) from tickets.terms where district_id = $1)
            on conflict on constraint terms_key do nothing returning district_id
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $7, $6, 'district_admin', 'PUT_TERMS', ($2 + 1)::text, jsonb_build_object('timers', $3::jsonb, 'hours', $4::jsonb) from made
        )
        insert into tickets.governed as g (district_id, revision) select district_id, 1 from made
        on conflict on constraint governed_key do update set revision = g.revision + 1",
        district_id,
        own.version,
        Json(&own.timers) as _,
        Json(&own.hours) as _,
        Json(&own.phones) as _,
        by,
        at,
    );
    Ok(written.execute(pool).await?.rows_affected() > 0)
}
