//! What classes of categories are called.
use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

/// A class, its name, and where the name is from.
#[derive(Clone, Debug)]
pub struct Class {
    pub district_id: Uuid,
    pub class: String,
    pub name: String,
    pub source: String,
}

/// Every class of every district; the nil district's are the suite's.
pub async fn all(pool: &PgPool) -> sqlx::Result<Vec<Class>> {
    sqlx::query_as!(Class, "select district_id, class, name, source from tickets.category_class").fetch_all(pool).await
}

/// Writes the next version of each class that says something else; answers how many those were.
pub async fn put(
    executor: impl PgExecutor<'_>,
    wanted: &[Class],
    (by, role, at): (Uuid, &str, DateTime<Utc>),
) -> sqlx::Result<i64> {
    fn all<'a, T>(list: &'a [Class], column: impl Fn(&'a Class) -> T) -> Vec<T> {
        list.iter().map(column).collect()
    }
    sqlx::query_scalar!(
        r#"with put as (
            insert into tickets.category_class as c (district_id, class, name, source, version)
            select w.*, 1 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as w (district_id, class, name, source)
            order by w.class
            on conflict on constraint category_class_key do update set
                name = excluded.name, source = excluded.source, version = c.version + 1
            where (c.name, c.source) is distinct from (excluded.name, excluded.source)
            returning c.*
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select district_id, $6, $5, $7::text, 'PUT_CATEGORY_CLASS', class,
                jsonb_build_object('version', version, 'name', name, 'source', source) from put
        ), governed as (
            insert into tickets.governed as g (district_id, revision) select distinct district_id, 1 from put
            on conflict on constraint governed_key do update set revision = g.revision + 1
        )
        select count(*) as "many!" from put"#,
        &all(wanted, |c| c.district_id),
        &all(wanted, |c| c.class.as_str()) as _,
        &all(wanted, |c| c.name.as_str()) as _,
        &all(wanted, |c| c.source.as_str()) as _,
        by,
        at,
        role,
    )
    .fetch_one(executor)
    .await
}
