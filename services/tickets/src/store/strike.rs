//! Reports in bad faith, by who made them.
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A strike to be kept.
#[derive(Clone, Debug)]
pub struct NewStrike {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub sequence: i64,
    pub person_id: Uuid,
    pub number: String,
    pub place_path: String,
    pub at: DateTime<Utc>,
}

/// Keeps a strike; one that was lifted and is found again holds again.
pub async fn keep(connection: &mut PgConnection, strike: &NewStrike) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tickets.strike as s (district_id, ticket_id, sequence, person_id, number, place_path, at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint strike_key do update set sequence = excluded.sequence, person_id = excluded.person_id,
            at = excluded.at, lifted_at = null
        where s.sequence < excluded.sequence",
        strike.district_id,
        strike.ticket_id,
        strike.sequence,
        strike.person_id,
        strike.number,
        strike.place_path,
        strike.at,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Lifts the strike of a ticket that has turned out to be one; answers whom it was against, and the ticket's number.
pub async fn lift(
    connection: &mut PgConnection,
    (district_id, ticket_id): (Uuid, Uuid),
    (sequence, at): (i64, DateTime<Utc>),
) -> sqlx::Result<Option<(Uuid, String)>> {
    let lifted = sqlx::query!(
        "update tickets.strike set lifted_at = $4 where district_id = $1 and ticket_id = $2 and sequence < $3 and lifted_at is null
        returning person_id, number",
        district_id,
        ticket_id,
        sequence,
        at
    );
    Ok(lifted.fetch_optional(connection).await?.map(|row| (row.person_id, row.number)))
}

/// A strike as it is listed.
#[derive(Clone, Debug)]
pub struct Strike {
    pub ticket_id: Uuid,
    pub number: String,
    pub person_id: Uuid,
    pub person_name: Option<String>,
    pub reason: String,
    pub at: DateTime<Utc>,
    pub lifted_at: Option<DateTime<Utc>>,
    /// Whether the appeal, which there is once, was made.
    pub appealed: bool,
}

/// The strikes of a person before one, the newest first; places: None, everywhere.
pub async fn list(
    pool: &PgPool,
    (district_id, person_id): (Uuid, Uuid),
    places: Option<&[String]>,
    below: (DateTime<Utc>, Uuid),
    rows: i64,
) -> sqlx::Result<Vec<Strike>> {
    sqlx::query_as!(
        Strike,
        r#"select s.ticket_id, s.number, s.person_id, t.invalid_reason as reason, s.at, s.lifted_at, t.appealed,
            (select p.name from tickets.person p where p.district_id = s.district_id and p.person_id = s.person_id) as "person_name?"
        from tickets.strike s
        join tickets.ticket t on t.district_id = s.district_id and t.ticket_id = s.ticket_id
        where s.district_id = $1 and s.person_id = $2
            and ($3::text[] is null or exists (select from unnest($3::text[]) p where s.place_path = p or starts_with(s.place_path, p || '.')))
            and (s.at, s.ticket_id) < ($4, $5)
        order by s.at desc, s.ticket_id desc limit $6"#,
        district_id,
        person_id,
        places as _,
        below.0,
        below.1,
        rows
    )
    .fetch_all(pool)
    .await
}
