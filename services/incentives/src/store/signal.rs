//! What made awards look strange.
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::points::Change;

/// So many of somebody's reports are looked at, the latest before the one in question: more would tell nothing more.
pub const LOOKED_AT: i64 = 200;

/// How often somebody did much the same lately.
#[derive(Clone, Copy, Debug)]
pub struct Reported {
    pub same_place: i64,
    pub burst: i64,
    pub same_photo: i64,
    pub strikes: i64,
}

/// For each change, in its place: the reporter's reports at the same place of the same category within 7 days, within ten
/// minutes, those that show one of its photos, and those of 12 months that were made in bad faith; each at most [`LOOKED_AT`].
pub async fn reported(connection: &mut PgConnection, changes: &[Change]) -> sqlx::Result<Vec<Reported>> {
    let districts: Vec<Uuid> = changes.iter().map(|change| change.district_id).collect();
    let tickets: Vec<Uuid> = changes.iter().map(|change| change.ticket_id).collect();
    sqlx::query_as!(
        Reported,
        r#"select coalesce(lately.same_place, 0) as "same_place!", coalesce(lately.burst, 0) as "burst!",
            (select count(*) from (
                select distinct o.ticket_id from incentives.ticket_photo mine
                join incentives.photo p on p.district_id = mine.district_id and p.media_id = mine.media_id
                join incentives.photo same on same.district_id = p.district_id and same.sha256 = p.sha256
                join incentives.ticket_photo shown on shown.district_id = same.district_id and shown.media_id = same.media_id
                join incentives.ticket o on o.district_id = shown.district_id and o.ticket_id = shown.ticket_id
                    and o.reporter_id = t.reporter_id
                where mine.district_id = t.district_id and mine.ticket_id = t.ticket_id limit $3) shown) as "same_photo!",
            (select count(*) from (
                select from incentives.ticket o
                where o.district_id = t.district_id and o.reporter_id = t.reporter_id and o.malicious and o.ticket_id <> t.ticket_id
                    and o.received_at between t.received_at - interval '12 months' and t.received_at limit $3) struck) as "strikes!"
        from unnest($1::uuid[], $2::uuid[]) with ordinality c (district_id, ticket_id, number)
        left join incentives.ticket t on t.district_id = c.district_id and t.ticket_id = c.ticket_id
        left join lateral (
            select count(*) filter (where o.place_path = t.place_path and o.category_code = t.category_code and t.place_path <> '')
                    as same_place,
                count(*) filter (where o.received_at >= t.received_at - interval '10 minutes') as burst
            from (
                select o.place_path, o.category_code, o.received_at from incentives.ticket o
                where o.district_id = t.district_id and o.reporter_id = t.reporter_id
                    and o.received_at between t.received_at - interval '7 days' and t.received_at
                order by o.received_at desc limit $3) o) lately on true
        order by c.number"#,
        &districts,
        &tickets,
        LOOKED_AT
    )
    .fetch_all(connection)
    .await
}

/// How many of somebody's reports were closed lately, and how many of them the same person checked.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    pub same_pair: i64,
    pub closed: i64,
}

/// For each change, in its place: the reporter's reports of 30 days that are closed, at most [`LOOKED_AT`], and those of them
/// that its checker checked.
pub async fn checked(connection: &mut PgConnection, changes: &[Change]) -> sqlx::Result<Vec<Checked>> {
    let districts: Vec<Uuid> = changes.iter().map(|change| change.district_id).collect();
    let tickets: Vec<Uuid> = changes.iter().map(|change| change.ticket_id).collect();
    sqlx::query_as!(
        Checked,
        r#"select coalesce(lately.same_pair, 0) as "same_pair!", coalesce(lately.closed, 0) as "closed!"
        from unnest($1::uuid[], $2::uuid[]) with ordinality c (district_id, ticket_id, number)
        left join incentives.ticket t on t.district_id = c.district_id and t.ticket_id = c.ticket_id
        left join lateral (
            select count(*) as closed, count(*) filter (where o.checker_id = t.checker_id) as same_pair
            from (
                select o.checker_id from incentives.ticket o
                where o.district_id = t.district_id and o.reporter_id = t.reporter_id
                    and o.received_at > t.received_at - interval '30 days' and o.closed_at is not null
                order by o.received_at desc limit $3) o) lately on true
        order by c.number"#,
        &districts,
        &tickets,
        LOOKED_AT
    )
    .fetch_all(connection)
    .await
}

/// A signal about an award.
#[derive(Clone, Debug)]
pub struct Signal<'c> {
    pub change: &'c Change,
    pub rule: &'static str,
    pub signal: &'static str,
    pub evidence: String,
}

/// Keeps signals, each once.
pub async fn keep(connection: &mut PgConnection, signals: &[Signal<'_>]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = signals.iter().map(|one| one.change.district_id).collect();
    let tickets: Vec<Uuid> = signals.iter().map(|one| one.change.ticket_id).collect();
    let rules: Vec<&str> = signals.iter().map(|one| one.rule).collect();
    let names: Vec<&str> = signals.iter().map(|one| one.signal).collect();
    let evidence: Vec<&str> = signals.iter().map(|one| one.evidence.as_str()).collect();
    let times: Vec<_> = signals.iter().map(|one| one.change.at).collect();
    let people: Vec<Uuid> = signals.iter().map(|one| one.change.reporter_id).collect();
    sqlx::query!(
        "insert into incentives.signal (district_id, ticket_id, rule, signal, evidence, at, person_id)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::uuid[])
        on conflict on constraint signal_key do nothing",
        &districts,
        &tickets,
        &rules as _,
        &names as _,
        &evidence as _,
        &times,
        &people
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Marks the awards of signals that come after them, where they are still open and nobody has decided.
pub async fn doubt(connection: &mut PgConnection, signals: &[Signal<'_>]) -> sqlx::Result<()> {
    for one in signals {
        sqlx::query!(
            "update incentives.award set doubted = true where district_id = $1 and ticket_id = $2 and rule = $3
                and state = 'PENDING' and decided_by is null and not doubted",
            one.change.district_id,
            one.change.ticket_id,
            one.rule
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The evidence about the awards of some tickets, as they stand: ticket, rule, signal and words.
pub async fn of(
    pool: &PgPool,
    district_id: Uuid,
    tickets: &[Uuid],
) -> sqlx::Result<Vec<(Uuid, String, String, String)>> {
    let rows = sqlx::query!(
        "select s.ticket_id, s.rule, s.signal, s.evidence from incentives.signal s
        join incentives.award a on a.district_id = s.district_id and a.ticket_id = s.ticket_id and a.rule = s.rule
            and (a.person_id = s.person_id or s.person_id is null and s.at >= a.awarded_at)
        where s.district_id = $1 and s.ticket_id = any($2)
        order by s.at, s.signal",
        district_id,
        tickets
    );
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.ticket_id, row.rule, row.signal, row.evidence)).collect())
}
