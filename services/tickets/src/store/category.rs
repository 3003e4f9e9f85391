//! What reports can be about.
use sqlx::PgPool;
use uuid::Uuid;

use crate::category::Category;

/// Every category of every district; the nil district's are the suite's.
pub async fn all(pool: &PgPool) -> sqlx::Result<Vec<Category>> {
    sqlx::query_as!(
        Category,
        "select district_id, category_code, name, english_name, level, priority, resolve_hours, clock, after_photo, department_code, tile, source
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
            district_id, category_code, name, english_name, level, priority, resolve_hours, clock, after_photo, department_code, tile, source)
        select $1, a.* from unnest(
            $2::text[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::int4[], $8::text[], $9::bool[], $10::text[], $11::text[], $12::text[]) as a
        on conflict on constraint category_key do update set
            name = excluded.name, english_name = excluded.english_name, level = excluded.level, priority = excluded.priority,
            resolve_hours = excluded.resolve_hours, clock = excluded.clock, after_photo = excluded.after_photo, department_code = excluded.department_code,
            tile = excluded.tile, source = excluded.source",
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
    )
    .execute(pool)
    .await
    .map(drop)
}
