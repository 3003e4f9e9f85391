//! What reports can be about.
use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use crate::category::Category;

/// Every category of every district; the nil district's are the suite's.
pub async fn all(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<Category>> {
    sqlx::query_as!(
        Category,
        "select district_id, category_code, name, english_name, level, priority, resolve_hours, clock, after_photo, department_code, tile, source,
            duplicate_metres, duplicate_hours, version, retired
        from tickets.category"
    )
    .fetch_all(executor)
    .await
}

/// One column of rows that go to the database together.
fn each<'a, T>(list: &'a [Category], column: impl Fn(&'a Category) -> T) -> Vec<T> {
    list.iter().map(column).collect()
}

/// Writes the next version of each category where the last one is its `version`; answers how many that were.
pub async fn put(
    executor: impl PgExecutor<'_>,
    wanted: &[Category],
    (by, role, at): (Uuid, &str, DateTime<Utc>),
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with put as (
            insert into tickets.category as c (
                district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours)
            select district_id, category_code, version + 1, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours
            from unnest(
                $1::uuid[], $2::text[], $3::int4[], $4::text[], $5::text[], $6::int2[], $7::int2[], $8::int4[], $9::text[], $10::bool[],
                $11::text[], $12::text[], $13::text[], $14::bool[], $15::int4[], $16::int4[]) as w (
                district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours)
            order by category_code
            on conflict on constraint category_key do update set
                version = excluded.version, name = excluded.name, english_name = excluded.english_name, level = excluded.level,
                priority = excluded.priority, resolve_hours = excluded.resolve_hours, clock = excluded.clock,
                after_photo = excluded.after_photo, department_code = excluded.department_code, tile = excluded.tile,
                source = excluded.source, retired = excluded.retired, duplicate_metres = excluded.duplicate_metres,
                duplicate_hours = excluded.duplicate_hours
            where c.version = excluded.version - 1
            returning c.*
        ), kept as (
            insert into tickets.category_version (
                district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours, changed_by, changed_at)
            select district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours, $17, $18 from put
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select district_id, $18, $17, $19::text, 'PUT_CATEGORY', category_code, jsonb_build_object('version', version) from put
        ), governed as (
            insert into tickets.governed as g (district_id, revision) select distinct district_id, 1 from put
            on conflict on constraint governed_key do update set revision = g.revision + 1
        )
        select count(*) as "many!" from put"#,
        &each(wanted, |c| c.district_id),
        &each(wanted, |c| c.category_code.as_str()) as _,
        &each(wanted, |c| c.version),
        &each(wanted, |c| c.name.as_str()) as _,
        &each(wanted, |c| c.english_name.as_str()) as _,
        &each(wanted, |c| c.level),
        &each(wanted, |c| c.priority),
        &each(wanted, |c| c.resolve_hours),
        &each(wanted, |c| c.clock.as_str()) as _,
        &each(wanted, |c| c.after_photo),
        &each(wanted, |c| c.department_code.as_str()) as _,
        &each(wanted, |c| c.tile.as_str()) as _,
        &each(wanted, |c| c.source.as_str()) as _,
        &each(wanted, |c| c.retired),
        &each(wanted, |c| c.duplicate_metres),
        &each(wanted, |c| c.duplicate_hours),
        by,
        at,
        role,
    )
    .fetch_one(executor)
    .await
}

/// What a category said at one time, and who wrote it.
#[derive(Clone, Debug)]
pub struct CategoryVersion {
    pub category: Category,
    pub changed_by: Uuid,
    pub changed_by_name: Option<String>,
    pub changed_at: DateTime<Utc>,
}

/// The versions of a district's own category, the newest first.
pub async fn versions(pool: &PgPool, district_id: Uuid, category_code: &str) -> sqlx::Result<Vec<CategoryVersion>> {
    let rows = sqlx::query!(
        r#"select v.*, (select p.name from tickets.person p where p.district_id = $1 and p.person_id = v.changed_by) as "changed_by_name?"
        from tickets.category_version v where v.district_id = $1 and v.category_code = $2 order by v.version desc limit 200"#,
        district_id,
        category_code
    );
    Ok(rows
        .fetch_all(pool)
        .await?
        .into_iter()
        .map(|row| CategoryVersion {
            category: Category {
                district_id: row.district_id,
                category_code: row.category_code,
                name: row.name,
                english_name: row.english_name,
                level: row.level,
                priority: row.priority,
                resolve_hours: row.resolve_hours,
                clock: row.clock,
                after_photo: row.after_photo,
                department_code: row.department_code,
                tile: row.tile,
                source: row.source,
                duplicate_metres: row.duplicate_metres,
                duplicate_hours: row.duplicate_hours,
                version: row.version,
                retired: row.retired,
            },
            changed_by: row.changed_by,
            changed_by_name: row.changed_by_name,
            changed_at: row.changed_at,
        })
        .collect())
}
