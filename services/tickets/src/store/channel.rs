//! Groups, what waits for them, and what was tried.
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    channels::message::{BACKLOG, Kind, Line},
    ticket::place_above,
};

/// Which place or department a group is of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub department_id: Uuid,
}

impl Place {
    /// The group of a tier that a ticket belongs to.
    pub fn of(tier: &str, place_path: &str, department: Option<Uuid>) -> Self {
        let above = |levels| place_above(place_path, levels);
        match tier {
            "COMMUNITY" => Self { path: above(3), ..Self::default() },
            "SUBDISTRICT" => Self { path: above(2), ..Self::default() },
            "DEPARTMENT" => Self { path: above(1), department_id: department.unwrap_or_default() },
            _ => Self { path: above(1), ..Self::default() },
        }
    }
}

/// What a group is to hear.
#[derive(Clone, Debug)]
pub struct Heard {
    pub district_id: Uuid,
    pub tier: String,
    pub place: Place,
    pub ticket_id: Uuid,
    pub kind: String,
    pub sequence: i64,
    pub text: String,
    pub urgent: bool,
    pub at: DateTime<Utc>,
}

/// Writes lines for the groups that have had a robot when it happened; each once.
pub async fn write(connection: &mut PgConnection, heard: &[Heard]) -> sqlx::Result<()> {
    fn all<'a, T>(list: &'a [Heard], column: impl Fn(&'a Heard) -> T) -> Vec<T> {
        list.iter().map(column).collect()
    }
    if heard.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into tickets.channel_message (district_id, channel_id, ticket_id, kind, sequence, text, urgent, at)
        select c.district_id, c.channel_id, h.ticket_id, h.kind, h.sequence, h.text, h.urgent, h.at
        from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::int8[], $8::text[], $9::bool[], $10::timestamptz[])
            with ordinality as h (district_id, tier, place_path, department_id, ticket_id, kind, sequence, text, urgent, at, number)
        join tickets.channel c on c.district_id = h.district_id and c.tier = h.tier and c.place_path = h.place_path
            and c.department_id = h.department_id and c.robot_sealed is not null
            and h.at >= coalesce(c.bound_at, c.changed_at)
        order by h.number
        on conflict on constraint channel_message_once do nothing",
        &all(heard, |h| h.district_id),
        &all(heard, |h| h.tier.as_str()) as _,
        &all(heard, |h| h.place.path.as_str()) as _,
        &all(heard, |h| h.place.department_id),
        &all(heard, |h| h.ticket_id),
        &all(heard, |h| h.kind.as_str()) as _,
        &all(heard, |h| h.sequence),
        &all(heard, |h| h.text.as_str()) as _,
        &all(heard, |h| h.urgent),
        &all(heard, |h| h.at),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// A group that is being served.
#[derive(Clone, Debug)]
pub struct Taken {
    pub district_id: Uuid,
    pub channel_id: Uuid,
    pub send_id: Uuid,
    pub place_path: String,
    pub robot_sealed: Vec<u8>,
    pub robot_blind: Vec<u8>,
    pub mentioned_sealed: Option<Vec<u8>>,
    pub failures: i32,
    /// What is told is a sum.
    pub summed: bool,
}

/// Takes a group that waits and that nobody serves, and then its robot, which other groups may share.
pub async fn take(connection: &mut PgConnection, now: DateTime<Utc>, send_id: Uuid) -> sqlx::Result<Option<Taken>> {
    let taken = sqlx::query_as!(
        Taken,
        r#"select c.district_id, c.channel_id, $2::uuid as "send_id!", c.place_path, c.robot_sealed as "robot_sealed!", c.robot_blind as "robot_blind!",
            c.mentioned_sealed, c.failures, false as "summed!"
        from tickets.channel c
        -- one probe of the index a group, however many lines wait
        cross join lateral (
            select m.message_id from tickets.channel_message m
            where m.district_id = c.district_id and m.channel_id = c.channel_id and m.state in ('PENDING', 'SENDING')
            order by m.message_id limit 1) waiting
        where c.robot_sealed is not null and (c.next_at is null or c.next_at <= $1) and (c.leased_until is null or c.leased_until <= $1)
        order by c.next_at nulls first limit 1 for update of c skip locked"#,
        now,
        send_id
    );
    let taken = taken.fetch_optional(&mut *connection).await?;
    if let Some(taken) = &taken {
        sqlx::query!("select pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 7))", taken.robot_blind)
            .execute(connection)
            .await?;
    }
    Ok(taken)
}

/// What a robot has said lately.
#[derive(Clone, Debug)]
pub struct Said {
    pub many: i64,
    pub first: Option<DateTime<Utc>>,
}

/// How often a robot was called since an instant, and when first.
pub async fn said(connection: &mut PgConnection, robot_blind: &[u8], since: DateTime<Utc>) -> sqlx::Result<Said> {
    sqlx::query_as!(
        Said,
        r#"select count(*) as "many!", min(at) as first from tickets.channel_send where robot_blind = $1 and at > $2"#,
        robot_blind,
        since
    )
    .fetch_one(connection)
    .await
}

/// Lets a group wait.
pub async fn wait(connection: &mut PgConnection, taken: &Taken, next_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update tickets.channel set next_at = $3 where district_id = $1 and channel_id = $2",
        taken.district_id,
        taken.channel_id,
        next_at
    )
    .execute(connection)
    .await
    .map(drop)
}

/// So many lines are more than a message holds.
const LINES: i64 = 200;

/// The lines that wait and are fresh, or where none is, those that are late; in order. What an interrupted try has left waits again,
/// and may be heard twice.
pub async fn waiting(
    connection: &mut PgConnection,
    taken: &Taken,
    fresh_since: DateTime<Utc>,
) -> sqlx::Result<Vec<Line>> {
    sqlx::query!(
        "update tickets.channel_message set state = 'PENDING', maybe_twice = true
        where district_id = $1 and channel_id = $2 and state = 'SENDING'",
        taken.district_id,
        taken.channel_id
    )
    .execute(&mut *connection)
    .await?;
    for fresh in [true, false] {
        let lines = sqlx::query_as!(
            Line,
            "select message_id, text, urgent, at from tickets.channel_message
            where district_id = $1 and channel_id = $2 and state = 'PENDING' and (at >= $3) = $4::bool order by message_id limit $5",
            taken.district_id,
            taken.channel_id,
            fresh_since,
            fresh,
            LINES
        );
        let lines = lines.fetch_all(&mut *connection).await?;
        if !lines.is_empty() {
            return Ok(lines);
        }
    }
    Ok(Vec::new())
}

/// Whether more late lines wait than can be told one by one.
pub async fn is_backlog(
    connection: &mut PgConnection,
    taken: &Taken,
    fresh_since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from tickets.channel_message where district_id = $1 and channel_id = $2 and state = 'PENDING' and at < $3
            order by message_id offset $4 limit 1) as "more!""#,
        taken.district_id,
        taken.channel_id,
        fresh_since,
        BACKLOG
    )
    .fetch_one(connection)
    .await
}

/// Writes a try down before it is made: it tells these lines, or all that are late. Answers them by kind, the most first.
pub async fn begin(
    connection: &mut PgConnection,
    taken: &Taken,
    (messages, fresh_since): (Option<&[i64]>, DateTime<Utc>),
    (at, leased_until): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Vec<Kind>> {
    sqlx::query_as!(
        Kind,
        r#"with leased as (
            update tickets.channel set leased_until = $7 where district_id = $1 and channel_id = $2
        ), marked as (
            update tickets.channel_message set state = 'SENDING', send_id = $3
            where district_id = $1 and channel_id = $2 and state = 'PENDING'
                and (message_id = any ($4::int8[]) or ($4 is null and at < $8))
            returning kind, urgent, at
        ), tried as (
            insert into tickets.channel_send (district_id, send_id, channel_id, robot_blind, at, messages)
            select $1, $3, $2, $5, $6, count(*) from marked
        )
        select kind, count(*) as "many!", bool_or(urgent) as "urgent!", min(at) as "first_at!", max(at) as "last_at!"
        from marked group by kind order by count(*) desc, kind"#,
        taken.district_id,
        taken.channel_id,
        taken.send_id,
        messages,
        taken.robot_blind,
        at,
        leased_until,
        fresh_since
    )
    .fetch_all(connection)
    .await
}

/// What became of a try.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub outcome: &'static str,
    /// Of its lines.
    pub state: &'static str,
    pub code: Option<i32>,
    pub error: String,
    pub failures: i32,
    pub next_at: Option<DateTime<Utc>>,
    pub twice: bool,
}

/// Writes it down; of a try that somebody else has gone on from nothing but its outcome.
pub async fn settle(pool: &PgPool, taken: &Taken, verdict: &Verdict) -> sqlx::Result<()> {
    sqlx::query!(
        "with tried as (
            update tickets.channel_send set outcome = $4, code = $5 where district_id = $1 and send_id = $3
        ), told as (
            update tickets.channel_message set state = $6, maybe_twice = maybe_twice or $10
            where district_id = $1 and channel_id = $2 and send_id = $3 and state = 'SENDING' returning message_id
        )
        update tickets.channel set leased_until = null, failures = $7, last_error = $8, next_at = $9
        where district_id = $1 and channel_id = $2 and exists (select from told)",
        taken.district_id,
        taken.channel_id,
        taken.send_id,
        verdict.outcome,
        verdict.code,
        verdict.state,
        verdict.failures,
        verdict.error,
        verdict.next_at,
        verdict.twice,
    )
    .execute(pool)
    .await
    .map(drop)
}
