//! The days of a district that differ from the shipped calendar.
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// A day, its kind and its name.
#[derive(Clone, Debug)]
pub struct OwnDay {
    pub day: NaiveDate,
    /// HOLIDAY, WORKDAY or ORDINARY.
    pub kind: String,
    pub name: String,
}

/// The own days of every district.
pub async fn all(pool: &PgPool) -> sqlx::Result<HashMap<Uuid, Vec<OwnDay>>> {
    let rows = sqlx::query!("select district_id, day, kind, name from tickets.calendar_day order by district_id, day");
    let mut districts: HashMap<Uuid, Vec<OwnDay>> = HashMap::new();
    for row in rows.fetch_all(pool).await? {
        let day = OwnDay { day: row.day, kind: row.kind, name: row.name };
        districts.entry(row.district_id).or_default().push(day);
    }
    Ok(districts)
}

/// The own days of a district from one day to another.
pub async fn between(
    pool: &PgPool,
    district_id: Uuid,
    (from, until): (NaiveDate, NaiveDate),
) -> sqlx::Result<Vec<OwnDay>> {
    sqlx::query_as!(
        OwnDay,
        "select day, kind, name from tickets.calendar_day where district_id = $1 and day between $2 and $3 order by day",
        district_id,
        from,
        until
    )
    .fetch_all(pool)
    .await
}

/// Sets days; what is so already is left alone.
pub async fn put(
    pool: &PgPool,
    district_id: Uuid,
    days: &[OwnDay],
    (by, at): (Uuid, DateTime<Utc>),
) -> sqlx::Result<()> {
    sqlx::query!(
        "with put as (
            insert into tickets.calendar_day as d (district_id, day, kind, name, changed_by, changed_at)
            select $1, w.day, w.kind, w.name, $5, $6 from unnest($2::date[], $3::text[], $4::text[]) as w (day, kind, name) order by w.day
            on conflict on constraint calendar_day_key do update set
                kind = excluded.kind, name = excluded.name, changed_by = excluded.changed_by, changed_at = excluded.changed_at
            where (d.kind, d.name) is distinct from (excluded.kind, excluded.name)
            returning district_id, day, kind, name
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $6, $5, 'district_admin', 'PUT_CALENDAR_DAY', day::text, jsonb_build_object('kind', kind, 'name', name) from put
        )
        insert into tickets.governed as g (district_id, revision) select distinct district_id, 1 from put
        on conflict on constraint governed_key do update set revision = g.revision + 1",
        district_id,
        &days.iter().map(|day| day.day).collect::<Vec<_>>(),
        &days.iter().map(|day| day.kind.as_str()).collect::<Vec<_>>() as _,
        &days.iter().map(|day| day.name.as_str()).collect::<Vec<_>>() as _,
        by,
        at,
    )
    .execute(pool)
    .await
    .map(drop)
}
