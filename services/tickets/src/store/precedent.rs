//! What coordinators have ruled, and who usually handles what.
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::precedent::{Case, Precedent};

/// A ruling to be kept.
#[derive(Clone, Debug)]
pub struct Ruled {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub sequence: i64,
    pub number: String,
    pub category_code: String,
    pub place_path: String,
    pub department_id: Option<Uuid>,
    pub reason: String,
    pub ruled_by: Uuid,
    pub ruled_at: DateTime<Utc>,
}

/// What was reported, by ticket.
pub async fn texts(
    connection: &mut PgConnection,
    districts: &[Uuid],
    tickets: &[Uuid],
) -> sqlx::Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        "select t.ticket_id, t.text from unnest($1::uuid[], $2::uuid[]) as asked (district_id, ticket_id)
        join tickets.ticket t using (district_id, ticket_id)",
        districts,
        tickets
    );
    let rows = rows.fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.ticket_id, row.text)).collect())
}

/// Keeps a ruling with its words; one that is kept stays as it is.
pub async fn keep(connection: &mut PgConnection, ruled: &Ruled, words: &[String], text: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tickets.precedent (
            district_id, ticket_id, sequence, number, category_code, family, place_path, department_id, words, text, reason, ruled_by, ruled_at)
        values ($1, $2, $3, $4, $5, left($5, 2), $6, $7, $8, $9, $10, $11, $12)
        on conflict on constraint precedent_key do nothing",
        ruled.district_id,
        ruled.ticket_id,
        ruled.sequence,
        ruled.number,
        ruled.category_code,
        ruled.place_path,
        ruled.department_id,
        words,
        text,
        ruled.reason,
        ruled.ruled_by,
        ruled.ruled_at,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Counts closed tickets: district, category, street and department of each.
pub async fn count(connection: &mut PgConnection, closed: &[(Uuid, String, String, Uuid)]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tickets.usual as u (district_id, category_code, street, department_id, closed)
        select c.district_id, c.category_code, c.street, c.department_id, count(*)
        from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) as c (district_id, category_code, street, department_id)
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict on constraint usual_key do update set closed = u.closed + excluded.closed",
        &closed.iter().map(|one| one.0).collect::<Vec<_>>(),
        &closed.iter().map(|one| one.1.as_str()).collect::<Vec<_>>() as _,
        &closed.iter().map(|one| one.2.as_str()).collect::<Vec<_>>() as _,
        &closed.iter().map(|one| one.3).collect::<Vec<_>>(),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What may fit a case: the newest 200 rulings of its class of categories, and 100 that share a word with it.
pub async fn candidates(pool: &PgPool, district_id: Uuid, case: &Case<'_>) -> sqlx::Result<Vec<Precedent>> {
    sqlx::query_as!(
        Precedent,
        r#"with found as (
            (select * from tickets.precedent where district_id = $1 and family = left($2, 2) order by ruled_at desc limit 200)
            union
            (select * from tickets.precedent where district_id = $1 and words && $3 limit 100)
        )
        select f.ticket_id as "ticket_id!", f.number as "number!", f.category_code as "category_code!", f.place_path as "place_path!",
            f.department_id, f.words as "words!", f.reason as "reason!", f.ruled_at as "ruled_at!",
            (select p.full_name from tickets.place p where p.district_id = $1 and p.path = f.place_path limit 1) as "place_name?",
            (select d.name from tickets.department d where d.district_id = $1 and d.department_id = f.department_id) as "department_name?"
        from found f"#,
        district_id,
        case.category_code,
        &case.words,
    )
    .fetch_all(pool)
    .await
}

/// The rulings of a district below an instant and id, the newest first; of one category where it is not empty.
pub async fn list(
    pool: &PgPool,
    district_id: Uuid,
    category_code: &str,
    (below, id): (DateTime<Utc>, Uuid),
    rows: i64,
) -> sqlx::Result<Vec<Precedent>> {
    sqlx::query_as!(
        Precedent,
        r#"select f.ticket_id, f.number, f.category_code, f.place_path, f.department_id, f.words, f.reason, f.ruled_at,
            (select p.full_name from tickets.place p where p.district_id = $1 and p.path = f.place_path limit 1) as "place_name?",
            (select d.name from tickets.department d where d.district_id = $1 and d.department_id = f.department_id) as "department_name?"
        from tickets.precedent f
        where f.district_id = $1 and ($2 = '' or f.category_code = $2 and f.family = left($2, 2)) and (f.ruled_at, f.ticket_id) < ($3, $4)
        order by f.ruled_at desc, f.ticket_id desc limit $5"#,
        district_id,
        category_code,
        below,
        id,
        rows
    )
    .fetch_all(pool)
    .await
}

/// Who handles what, as far as it is known.
#[derive(Clone, Debug)]
pub struct Usual {
    pub department_id: Uuid,
    pub department_name: Option<String>,
    pub closed: i64,
    pub of: i64,
}

/// The department that closed most tickets of a category in a street, else in the district.
pub async fn usual(pool: &PgPool, district_id: Uuid, category_code: &str, street: &str) -> sqlx::Result<Option<Usual>> {
    sqlx::query_as!(
        Usual,
        r#"with counted as (
            select department_id, sum(closed)::int8 as closed, sum(closed) filter (where street = $3)::int8 as here
            from tickets.usual where district_id = $1 and category_code = $2 group by department_id
        )
        select department_id, coalesce(here, closed) as "closed!", coalesce(sum(here) over (), sum(closed) over ())::int8 as "of!",
            (select d.name from tickets.department d where d.district_id = $1 and d.department_id = c.department_id) as "department_name?"
        from counted c order by here desc nulls last, closed desc, department_id limit 1"#,
        district_id,
        category_code,
        street
    )
    .fetch_optional(pool)
    .await
}
