use chassis::telemetry::traceparent_of_current;
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::post::HeldPost;

/// The posts of a person that count on a day, in every district, newest first.
pub async fn current(connection: &mut PgConnection, person_id: Uuid, today: NaiveDate) -> sqlx::Result<Vec<HeldPost>> {
    sqlx::query_as!(
        HeldPost,
        r#"select post.district_id, post.post_id as "post_id?", post.person_id, post.role, post.place_id, place.name as place_name,
              place.path as place_path, place.level, post.department_id, department.name as "department_name?",
              post.from_date, post.until_date
           from residents.post post
           join residents.place place on place.district_id = post.district_id and place.place_id = post.place_id
           left join residents.department department
              on department.district_id = post.district_id and department.department_id = post.department_id
           where post.person_id = $1 and post.ended_at is null and post.from_date <= $2
              and (post.until_date is null or post.until_date >= $2)
           order by post.from_date desc, post.post_id desc"#,
        person_id,
        today
    )
    .fetch_all(connection)
    .await
}

/// A post with what it was asked with.
pub async fn get(
    connection: &mut PgConnection,
    district_id: Uuid,
    post_id: Uuid,
) -> sqlx::Result<Option<(HeldPost, Option<Vec<u8>>)>> {
    let row = sqlx::query!(
        r#"select post.person_id, post.role, post.place_id, place.name as place_name, place.path as place_path, place.level,
              post.department_id, department.name as "department_name?", post.from_date, post.until_date, post.request_hash
           from residents.post post
           join residents.place place on place.district_id = post.district_id and place.place_id = post.place_id
           left join residents.department department
              on department.district_id = post.district_id and department.department_id = post.department_id
           where post.district_id = $1 and post.post_id = $2"#,
        district_id,
        post_id
    );
    Ok(row.fetch_optional(connection).await?.map(|row| {
        let post = HeldPost {
            district_id,
            post_id: Some(post_id),
            person_id: row.person_id,
            role: row.role,
            place_id: row.place_id,
            place_name: row.place_name,
            place_path: row.place_path,
            level: row.level,
            department_id: row.department_id,
            department_name: row.department_name,
            from_date: row.from_date,
            until_date: row.until_date,
        };
        (post, row.request_hash)
    }))
}

/// Posts to add, column by column. Their places and departments are the district's.
#[derive(Default)]
pub struct Columns {
    pub ids: Vec<Uuid>,
    pub persons: Vec<Uuid>,
    pub roles: Vec<String>,
    pub places: Vec<Uuid>,
    pub departments: Vec<Option<Uuid>>,
    pub from: Vec<NaiveDate>,
    pub until: Vec<Option<NaiveDate>>,
    pub hashes: Vec<Option<Vec<u8>>>,
}

/// Adds posts; an id that is taken is left alone. Answers how many are new. The others are told of all but residents' posts:
/// those are by far the most, and nothing but the resident's own token is decided by them.
pub async fn add_all(
    connection: &mut PgConnection,
    district_id: Uuid,
    posts: &Columns,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with added as (
              insert into residents.post
                 (district_id, post_id, person_id, role, place_id, department_id, from_date, until_date, request_hash)
              select $1, * from unnest
                 ($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::date[], $8::date[], $9::bytea[])
              on conflict do nothing
              returning *
           ), told as (
              insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at)
              select $1, post_id, 'hemei.residents.v1.PostChanged', jsonb_build_object(
                 'post_id', post_id, 'person_id', person_id, 'role', role, 'place_path', place.path,
                 'department_id', department_id, 'from_date', from_date, 'until_date', until_date,
                 'phone_sealed', residents.told_phone(role, person_id)), $10, $11
              from added join residents.place place on place.district_id = $1 and place.place_id = added.place_id
              where added.role <> 'resident'
           )
           select count(*) as "count!" from added"#,
        district_id,
        &posts.ids,
        &posts.persons,
        &posts.roles,
        &posts.places,
        &posts.departments as &[Option<Uuid>],
        &posts.from,
        &posts.until as &[Option<NaiveDate>],
        &posts.hashes as &[Option<Vec<u8>>],
        traceparent_of_current(),
        at
    )
    .fetch_one(connection)
    .await
}

/// Ends a post that has not ended yet; the others are told as of its beginning.
pub async fn end(
    connection: &mut PgConnection,
    district_id: Uuid,
    post_id: Uuid,
    today: NaiveDate,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"with ended as (
              update residents.post set ended_at = $4, until_date = least(until_date, $3)
              where district_id = $1 and post_id = $2 and ended_at is null returning *
           ), told as (
              insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at)
              select $1, post_id, 'hemei.residents.v1.PostChanged', jsonb_build_object(
                 'post_id', post_id, 'person_id', person_id, 'role', role, 'place_path', place.path,
                 'department_id', department_id, 'from_date', from_date, 'until_date', until_date,
                 'phone_sealed', residents.told_phone(role, person_id)), $5, $4
              from ended join residents.place place on place.district_id = $1 and place.place_id = ended.place_id
              where ended.role <> 'resident'
           )
           select exists (select from ended) as "ended!""#,
        district_id,
        post_id,
        today,
        at,
        traceparent_of_current()
    )
    .fetch_one(connection)
    .await
}

/// The open posts of these persons: what an import must not add again.
pub async fn open_of(
    connection: &mut PgConnection,
    district_id: Uuid,
    persons: &[Uuid],
) -> sqlx::Result<Vec<(Uuid, String, Uuid, Option<Uuid>, NaiveDate)>> {
    let rows = sqlx::query!(
        "select person_id, role, place_id, department_id, from_date from residents.post \
         where district_id = $1 and person_id = any($2) and ended_at is null",
        district_id,
        persons
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows.map(|row| (row.person_id, row.role, row.place_id, row.department_id, row.from_date)).collect())
}
