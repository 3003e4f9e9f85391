//! What councils have before them.
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A matter that was put off.
#[derive(Clone, Debug)]
pub struct PutOff {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub sequence: i64,
    pub council_path: String,
    pub reason: String,
    /// None: as the ticket has it.
    pub review_at: Option<DateTime<Utc>>,
    pub at: DateTime<Utc>,
}

/// Puts a matter before its council; put off again, it is the same item. What came later stays.
pub async fn put_off(connection: &mut PgConnection, put_off: &PutOff) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tickets.agenda_item as a (district_id, ticket_id, sequence, council_path, state, reason, review_at, put_off_at)
        select $1, $2, $3, $4, 'OPEN', $5, coalesce($6, t.review_at, $7), $7 from tickets.ticket t
        where t.district_id = $1 and t.ticket_id = $2
        on conflict on constraint agenda_item_key do update set sequence = excluded.sequence, council_path = excluded.council_path,
            state = 'OPEN', due = false, reason = excluded.reason, review_at = excluded.review_at, put_off_at = excluded.put_off_at
        where a.sequence < excluded.sequence",
        put_off.district_id,
        put_off.ticket_id,
        put_off.sequence,
        put_off.council_path,
        put_off.reason,
        put_off.review_at,
        put_off.at,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What else becomes of an item.
#[derive(Clone, Debug)]
pub struct Step {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub sequence: i64,
    pub state: &'static str,
    pub due: bool,
}

/// Takes items further, where they are open; each by a later event than what it stands at.
pub async fn step(connection: &mut PgConnection, step: &Step) -> sqlx::Result<()> {
    sqlx::query!(
        "update tickets.agenda_item set sequence = $3, state = $4, due = $5
        where district_id = $1 and ticket_id = $2 and sequence < $3 and state = 'OPEN'",
        step.district_id,
        step.ticket_id,
        step.sequence,
        step.state,
        step.due,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A resolution to be kept with its item.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub sequence: i64,
    pub decision: &'static str,
    pub text: String,
    pub held_on: NaiveDate,
    pub review_at: Option<DateTime<Utc>>,
    pub recorded_by: Option<Uuid>,
    pub at: DateTime<Utc>,
}

/// Keeps what a council resolved; what is kept put off stays on the agenda.
pub async fn resolve(connection: &mut PgConnection, resolved: &Resolved) -> sqlx::Result<()> {
    sqlx::query!(
        "update tickets.agenda_item set sequence = $3, state = case when $4 = 'KEEP' then 'OPEN' else 'RESOLVED' end, due = false,
            decision = $4, resolution_text = $5, held_on = $6, resolution_review_at = $7, review_at = coalesce($7, review_at),
            recorded_by = $8, recorded_at = $9
        where district_id = $1 and ticket_id = $2 and sequence <= $3",
        resolved.district_id,
        resolved.ticket_id,
        resolved.sequence,
        resolved.decision,
        resolved.text,
        resolved.held_on,
        resolved.review_at,
        resolved.recorded_by,
        resolved.at,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// An item as it is listed.
#[derive(Clone, Debug)]
pub struct AgendaItem {
    pub ticket_id: Uuid,
    pub number: String,
    pub ticket_state: String,
    pub category_code: String,
    pub place_name: Option<String>,
    pub council_path: String,
    pub council_name: Option<String>,
    pub state: String,
    pub due: bool,
    pub reason: String,
    pub review_at: DateTime<Utc>,
    pub put_off_at: DateTime<Utc>,
    pub decision: String,
    pub resolution_text: String,
    pub held_on: Option<NaiveDate>,
    pub resolution_review_at: Option<DateTime<Utc>>,
    pub recorded_by_name: Option<String>,
    pub recorded_at: Option<DateTime<Utc>>,
}

/// Which items.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub district_id: Uuid,
    /// None: everywhere.
    pub places: Option<&'a [String]>,
    /// Empty: of every council.
    pub council_path: &'a str,
    pub state: Option<&'a str>,
    pub due: bool,
}

/// Items after one, the next review first.
pub async fn list(
    pool: &PgPool,
    wanted: &Wanted<'_>,
    above: (DateTime<Utc>, Uuid),
    rows: i64,
) -> sqlx::Result<Vec<AgendaItem>> {
    sqlx::query_as!(
        AgendaItem,
        r#"select a.ticket_id, t.number as "number!", t.state as ticket_state, t.category_code, a.council_path, a.state, a.due, a.reason,
            a.review_at, a.put_off_at, a.decision, a.resolution_text, a.held_on, a.resolution_review_at, a.recorded_at,
            (select p.full_name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_name?",
            (select p.name from tickets.place p where p.district_id = a.district_id and p.path = a.council_path limit 1) as "council_name?",
            (select p.name from tickets.person p where p.district_id = a.district_id and p.person_id = a.recorded_by) as "recorded_by_name?"
        from tickets.agenda_item a
        join tickets.ticket t on t.district_id = a.district_id and t.ticket_id = a.ticket_id
        where a.district_id = $1
            and ($2::text[] is null or exists (select from unnest($2::text[]) p where t.place_path = p or starts_with(t.place_path, p || '.')))
            and ($3::text = '' or a.council_path = $3) and ($4::text is null or a.state = $4) and (not $5 or a.due)
            and (a.review_at, a.ticket_id) > ($6, $7)
        order by a.review_at, a.ticket_id limit $8"#,
        wanted.district_id,
        wanted.places as _,
        wanted.council_path,
        wanted.state as _,
        wanted.due,
        above.0,
        above.1,
        rows
    )
    .fetch_all(pool)
    .await
}
