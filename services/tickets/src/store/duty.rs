//! Who is on duty for which street.
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::terms::Duty;

/// The duties of every district that have not ended.
pub async fn ahead(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<Duty>> {
    sqlx::query_as!(
        Duty,
        r#"select d.district_id, d.duty_id, d.person_id, d.place_id, d.place_path, d.from_at, d.until_at, d.stands_in_for, d.cancelled_at,
            (select p.name from tickets.person p where p.district_id = d.district_id and p.person_id = d.person_id) as "person_name?"
        from tickets.duty d where d.until_at > $1 and d.cancelled_at is null order by d.district_id, d.from_at, d.duty_id"#,
        now
    )
    .fetch_all(pool)
    .await
}

/// The duties of a district at these places that end after an instant, the earliest end first.
pub async fn list(
    pool: &PgPool,
    district_id: Uuid,
    places: Option<&[String]>,
    (until_at, duty_id): (DateTime<Utc>, Uuid),
    rows: i64,
) -> sqlx::Result<Vec<Duty>> {
    sqlx::query_as!(
        Duty,
        r#"select d.district_id, d.duty_id, d.person_id, d.place_id, d.place_path, d.from_at, d.until_at, d.stands_in_for, d.cancelled_at,
            (select p.name from tickets.person p where p.district_id = d.district_id and p.person_id = d.person_id) as "person_name?"
        from tickets.duty d
        where d.district_id = $1 and d.cancelled_at is null and (d.until_at, d.duty_id) > ($3, $4)
            and ($2::text[] is null or exists (
                select from unnest($2::text[]) as place where d.place_path = place or starts_with(d.place_path, place || '.')))
        order by d.until_at, d.duty_id limit $5"#,
        district_id,
        places as _,
        until_at,
        duty_id,
        rows
    )
    .fetch_all(pool)
    .await
}

/// A duty, and the hash of the request that made it.
pub async fn get(pool: &PgPool, district_id: Uuid, duty_id: Uuid) -> sqlx::Result<Option<(Duty, Vec<u8>)>> {
    let row = sqlx::query!(
        r#"select d.*,
            (select p.name from tickets.person p where p.district_id = d.district_id and p.person_id = d.person_id) as "person_name?"
        from tickets.duty d where d.district_id = $1 and d.duty_id = $2"#,
        district_id,
        duty_id
    );
    let row = row.fetch_optional(pool).await?;
    Ok(row.map(|row| {
        let duty = Duty {
            district_id,
            duty_id,
            person_id: row.person_id,
            person_name: row.person_name,
            place_id: row.place_id,
            place_path: row.place_path,
            from_at: row.from_at,
            until_at: row.until_at,
            stands_in_for: row.stands_in_for,
            cancelled_at: row.cancelled_at,
        };
        (duty, row.request_hash)
    }))
}

/// Makes a duty of somebody who holds a liaison's post; nothing where they hold none, or where the id is taken.
pub async fn make(
    pool: &PgPool,
    duty: &Duty,
    (by, role, at, today): (Uuid, &str, DateTime<Utc>, NaiveDate),
    request_hash: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "with made as (
            insert into tickets.duty (
                district_id, duty_id, person_id, place_id, place_path, from_at, until_at, stands_in_for, made_by, made_at, request_hash)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
            where exists (
                select from tickets.post p where p.district_id = $1 and p.person_id = $3 and p.role = 'liaison'
                    and (p.until_date is null or p.until_date >= $12))
            on conflict on constraint duty_key do nothing returning district_id
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $10, $9, $13, 'PUT_DUTY', $2::uuid::text, jsonb_build_object('person_id', $3::uuid, 'place_path', $5::text) from made
        )
        insert into tickets.governed as g (district_id, revision) select district_id, 1 from made
        on conflict on constraint governed_key do update set revision = g.revision + 1",
        duty.district_id,
        duty.duty_id,
        duty.person_id,
        duty.place_id,
        duty.place_path,
        duty.from_at,
        duty.until_at,
        duty.stands_in_for,
        by,
        at,
        request_hash,
        today,
        role,
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Ends a duty; one that has been cancelled keeps its time.
pub async fn cancel(
    pool: &PgPool,
    (district_id, duty_id): (Uuid, Uuid),
    (by, role, at): (Uuid, &str, DateTime<Utc>),
) -> sqlx::Result<()> {
    sqlx::query!(
        "with ended as (
            update tickets.duty set cancelled_at = $3 where district_id = $1 and duty_id = $2 and cancelled_at is null
            returning district_id
        ), audited as (
            insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $3, $4, $5, 'CANCEL_DUTY', $2::uuid::text, '{}' from ended
        )
        insert into tickets.governed as g (district_id, revision) select district_id, 1 from ended
        on conflict on constraint governed_key do update set revision = g.revision + 1",
        district_id,
        duty_id,
        at,
        by,
        role
    )
    .execute(pool)
    .await
    .map(drop)
}
