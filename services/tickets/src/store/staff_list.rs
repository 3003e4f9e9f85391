//! Who works for a district: what the rules look at.
use chrono::NaiveDate;
use sqlx::PgPool;
use uuid::Uuid;

/// Every department of every district.
pub async fn departments(pool: &PgPool) -> sqlx::Result<Vec<(Uuid, String, Uuid)>> {
    let rows =
        sqlx::query!("select district_id, code, department_id from tickets.department order by district_id, code");
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.district_id, row.code, row.department_id)).collect())
}

/// How far the residents service has been heard: moves when anything about people may have changed.
pub async fn heard(pool: &PgPool) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"select coalesce(sum(tx), 0)::int8 as "tx!", coalesce(sum(event_id), 0)::int8 as "event_id!"
        from tickets.subscription where producer like 'residents%'"#
    );
    row.fetch_one(pool).await.map(|row| (row.tx, row.event_id))
}

/// The district, the path and the person of every post whose holder checks work.
pub async fn checkers(pool: &PgPool, today: NaiveDate) -> sqlx::Result<Vec<(Uuid, String, Uuid)>> {
    let rows = sqlx::query!(
        "select distinct district_id, place_path, person_id from tickets.post
        where role in ('home_observer', 'community_worker') and (until_date is null or until_date >= $1)
        order by district_id, place_path, person_id",
        today
    );
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.district_id, row.place_path, row.person_id)).collect())
}

/// The sealed phones of people, where they were told.
pub async fn phones(pool: &PgPool, district_id: Uuid, people: &[Uuid]) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        r#"select distinct on (person_id) phone_sealed as "phone_sealed!" from tickets.post
        where district_id = $1 and person_id = any ($2) and phone_sealed is not null order by person_id, post_id desc"#,
        district_id,
        people
    )
    .fetch_all(pool)
    .await
}
