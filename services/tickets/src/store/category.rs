//! What reports can be about.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::category::Category;

/// Every category of every district; the nil district's are the suite's.
pub async fn all(pool: &PgPool) -> sqlx::Result<Vec<Category>> {
    sqlx::query_as!(
        Category,
        "select district_id, category_code, name, english_name, level, priority, resolve_hours, clock, after_photo, department_code, tile, source,
            duplicate_metres, duplicate_hours, version, retired
        from tickets.category"
    )
    .fetch_all(pool)
    .await
}

/// Brings the suite's list up to date; a district's own rows are left alone.
pub async fn upsert(pool: &PgPool, categories: &[Category]) -> sqlx::Result<()> {
    fn all<'a, T>(list: &'a [Category], column: impl Fn(&'a Category) -> T) -> Vec<T> {
        list.iter().map(column).collect()
    }
    sqlx::query!(
        "insert into tickets.category (
            district_id, category_code, name, english_name, level, priority, resolve_hours, clock, after_photo, department_code, tile, source,
            duplicate_metres, duplicate_hours)
        select $1, a.* from unnest(
            $2::text[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::int4[], $8::text[], $9::bool[], $10::text[], $11::text[], $12::text[],
            $13::int4[], $14::int4[]) as a
        on conflict on constraint category_key do update set
            name = excluded.name, english_name = excluded.english_name, level = excluded.level, priority = excluded.priority,
            resolve_hours = excluded.resolve_hours, clock = excluded.clock, after_photo = excluded.after_photo, department_code = excluded.department_code,
            tile = excluded.tile, source = excluded.source, duplicate_metres = excluded.duplicate_metres,
            duplicate_hours = excluded.duplicate_hours",
        Uuid::nil(),
        &all(categories, |c| c.category_code.as_str()) as _,
        &all(categories, |c| c.name.as_str()) as _,
        &all(categories, |c| c.english_name.as_str()) as _,
        &all(categories, |c| c.level),
        &all(categories, |c| c.priority),
        &all(categories, |c| c.resolve_hours),
        &all(categories, |c| c.clock.as_str()) as _,
        &all(categories, |c| c.after_photo),
        &all(categories, |c| c.department_code.as_str()) as _,
        &all(categories, |c| c.tile.as_str()) as _,
        &all(categories, |c| c.source.as_str()) as _,
        &all(categories, |c| c.duplicate_metres),
        &all(categories, |c| c.duplicate_hours),
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Writes the next version of a district's own category where the last one is `wanted.version`; false where it is not.
pub async fn put(pool: &PgPool, wanted: &Category, (by, at): (Uuid, DateTime<Utc>)) -> sqlx::Result<bool> {
    let written = sqlx::query!(
        "with put as (
            insert into tickets.category as c (
                district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours)
            select $1, $2, $3 + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
            on conflict on constraint category_key do update set
                version = excluded.version, name = excluded.name, english_name = excluded.english_name, level = excluded.level,
                priority = excluded.priority, resolve_hours = excluded.resolve_hours, clock = excluded.clock,
                after_photo = excluded.after_photo, department_code = excluded.department_code, tile = excluded.tile,
                source = excluded.source, retired = excluded.retired, duplicate_metres = excluded.duplicate_metres,
                duplicate_hours = excluded.duplicate_hours
            where c.version = $3
            returning c.*
        ), kept as (
            insert into tickets.category_version (
                district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours, changed_by, changed_at)
            select district_id, category_code, version, name, english_name, level, priority, resolve_hours, clock, after_photo,
                department_code, tile, source, retired, duplicate_metres, duplicate_hours, $17, $18 from put
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $18, $17, 'district_admin', 'PUT_CATEGORY', $2::text, jsonb_build_object('version', version) from put
        )
        insert into tickets.governed as g (district_id, revision) select district_id, 1 from put
        on conflict on constraint governed_key do update set revision = g.revision + 1",
        wanted.district_id,
        wanted.category_code,
        wanted.version,
        wanted.name,
        wanted.english_name,
        wanted.level,
        wanted.priority,
        wanted.resolve_hours,
        wanted.clock,
        wanted.after_photo,
        wanted.department_code,
        wanted.tile,
        wanted.source,
        wanted.retired,
        wanted.duplicate_metres,
        wanted.duplicate_hours,
        by,
        at,
    );
    Ok(written.execute(pool).await?.rows_affected() > 0)
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
