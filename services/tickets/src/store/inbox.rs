//! What was said to people.
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A message to be written.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub district_id: Uuid,
    pub person_id: Uuid,
    pub ticket_id: Uuid,
    pub sequence: i64,
    pub number: String,
    pub text: String,
    pub at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

/// Writes messages; of one change a person hears once.
pub async fn insert(connection: &mut PgConnection, messages: &[NewMessage]) -> sqlx::Result<()> {
    fn all<'a, T>(list: &'a [NewMessage], column: impl Fn(&'a NewMessage) -> T) -> Vec<T> {
        list.iter().map(column).collect()
    }
    if messages.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into tickets.inbox (district_id, person_id, ticket_id, sequence, number, text, at, read_at)
        select m.* from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int8[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[]) as m
        on conflict on constraint inbox_once do nothing",
        &all(messages, |m| m.district_id),
        &all(messages, |m| m.person_id),
        &all(messages, |m| m.ticket_id),
        &all(messages, |m| m.sequence),
        &all(messages, |m| m.number.as_str()) as _,
        &all(messages, |m| m.text.as_str()) as _,
        &all(messages, |m| m.at),
        &all(messages, |m| m.read_at) as _,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A message about no ticket, to be written.
#[derive(Clone, Debug)]
pub struct NewWord {
    pub district_id: Uuid,
    pub person_id: Uuid,
    /// The event that it is said because of.
    pub cause: String,
    pub text: String,
    pub at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

/// Writes messages about no ticket; of one cause a person hears once.
pub async fn insert_words(connection: &mut PgConnection, words: &[NewWord]) -> sqlx::Result<()> {
    fn all<'a, T>(list: &'a [NewWord], column: impl Fn(&'a NewWord) -> T) -> Vec<T> {
        list.iter().map(column).collect()
    }
    if words.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into tickets.inbox (district_id, person_id, cause, text, at, read_at, sequence, number)
        select w.*, 0, '' from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[]) as w
        on conflict (district_id, person_id, cause) where cause is not null do nothing",
        &all(words, |w| w.district_id),
        &all(words, |w| w.person_id),
        &all(words, |w| w.cause.as_str()) as _,
        &all(words, |w| w.text.as_str()) as _,
        &all(words, |w| w.at),
        &all(words, |w| w.read_at) as _,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A message as its reader sees it.
#[derive(Clone, Debug)]
pub struct Message {
    pub message_id: i64,
    /// None: about no ticket.
    pub ticket_id: Option<Uuid>,
    pub sequence: i64,
    pub number: String,
    pub text: String,
    pub at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

/// A person's messages below one, the newest first.
pub async fn list(
    pool: &PgPool,
    district_id: Uuid,
    person_id: Uuid,
    (below, unread): (i64, bool),
    rows: i64,
) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as!(
        Message,
        "select message_id, ticket_id, sequence, number, text, at, read_at from tickets.inbox
        where district_id = $1 and person_id = $2 and message_id < $3 and (not $4 or read_at is null)
        order by message_id desc limit $5",
        district_id,
        person_id,
        below,
        unread,
        rows
    )
    .fetch_all(pool)
    .await
}

/// How many messages a person has not read; at most 1,000 are counted.
pub async fn unread(pool: &PgPool, district_id: Uuid, person_id: Uuid) -> sqlx::Result<i64> {
    let many = sqlx::query_scalar!(
        r#"select count(*) as "many!" from (
            select from tickets.inbox where district_id = $1 and person_id = $2 and read_at is null limit 1000) unread"#,
        district_id,
        person_id
    );
    many.fetch_one(pool).await
}

/// How many messages about each of these tickets a person has not read; none where there are none.
pub async fn unread_of(
    pool: &PgPool,
    (district_id, person_id): (Uuid, Uuid),
    tickets: &[Uuid],
) -> sqlx::Result<Vec<(Uuid, i64)>> {
    let rows = sqlx::query!(
        r#"select ticket_id as "ticket_id!", count(*) as "many!" from tickets.inbox
        where district_id = $1 and person_id = $2 and read_at is null and ticket_id = any ($3) group by ticket_id"#,
        district_id,
        person_id,
        tickets
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(|row| (row.ticket_id, row.many)).collect())
}

/// Marks a person's messages read: these, those about a ticket, or all up to one. What is read stays read since then.
pub async fn mark_read(
    pool: &PgPool,
    (district_id, person_id): (Uuid, Uuid),
    (messages, ticket_id, up_to): (&[i64], Option<Uuid>, i64),
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tickets.inbox set read_at = $6
        where district_id = $1 and person_id = $2 and read_at is null
            and (message_id = any ($3) or ticket_id = $4 or message_id <= $5)",
        district_id,
        person_id,
        messages,
        ticket_id,
        up_to,
        at
    )
    .execute(pool)
    .await
    .map(drop)
}
