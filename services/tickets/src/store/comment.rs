//! What the staff say among themselves about tickets.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub district_id: Uuid,
    pub comment_id: Uuid,
    pub ticket_id: Uuid,
    pub author_id: Uuid,
    pub author_name: Option<String>,
    pub author_role: String,
    pub text: String,
    pub media_ids: Vec<Uuid>,
    pub mentioned_ids: Vec<Uuid>,
    pub at: DateTime<Utc>,
    pub request_hash: Vec<u8>,
}

/// Writes a comment, tells those who are mentioned, and logs it; nothing where the id is taken.
pub async fn add(pool: &PgPool, comment: &Comment, number: &str, told: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "with made as (
            insert into tickets.comment (
                district_id, comment_id, ticket_id, author_id, author_role, text, media_ids, mentioned_ids, at, request_hash)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict on constraint comment_key do nothing returning district_id
        ), told as (
            -- below zero: not an event of the ticket
            insert into tickets.inbox (district_id, person_id, ticket_id, sequence, number, text, at)
            select m.district_id, p.person_id, $3, -(extract(epoch from $9::timestamptz) * 1000000)::int8, $11, $12, $9
            from made m cross join unnest($8::uuid[]) as p (person_id)
            on conflict on constraint inbox_once do nothing
        )
        insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select $1, $9, $4, $5, 'COMMENT', $3::uuid::text, jsonb_build_object('comment_id', $2::uuid) from made",
        comment.district_id,
        comment.comment_id,
        comment.ticket_id,
        comment.author_id,
        comment.author_role,
        comment.text,
        &comment.media_ids,
        &comment.mentioned_ids,
        comment.at,
        comment.request_hash,
        number,
        told,
    )
    .execute(pool)
    .await
    .map(drop)
}

/// One comment.
pub async fn get(pool: &PgPool, district_id: Uuid, comment_id: Uuid) -> sqlx::Result<Option<Comment>> {
    sqlx::query_as!(
        Comment,
        r#"select c.*, (select p.name from tickets.person p where p.district_id = c.district_id and p.person_id = c.author_id) as "author_name?"
        from tickets.comment c where c.district_id = $1 and c.comment_id = $2"#,
        district_id,
        comment_id
    )
    .fetch_optional(pool)
    .await
}

/// The comments on a ticket after one, the oldest first.
pub async fn list(
    pool: &PgPool,
    (district_id, ticket_id): (Uuid, Uuid),
    (after, id): (DateTime<Utc>, Uuid),
    rows: i64,
) -> sqlx::Result<Vec<Comment>> {
    sqlx::query_as!(
        Comment,
        r#"select c.*, (select p.name from tickets.person p where p.district_id = c.district_id and p.person_id = c.author_id) as "author_name?"
        from tickets.comment c where c.district_id = $1 and c.ticket_id = $2 and (c.at, c.comment_id) > ($3, $4)
        order by c.at, c.comment_id limit $5"#,
        district_id,
        ticket_id,
        after,
        id,
        rows
    )
    .fetch_all(pool)
    .await
}

/// How many of these people hold a post of the staff in the district.
pub async fn staff_among(pool: &PgPool, district_id: Uuid, people: &[Uuid]) -> sqlx::Result<i64> {
    let many = sqlx::query_scalar!(
        r#"select count(distinct person_id) as "many!" from tickets.post
        where district_id = $1 and person_id = any ($2) and role not in ('courier', 'resident')"#,
        district_id,
        people
    );
    many.fetch_one(pool).await
}
