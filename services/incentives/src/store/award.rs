//! Awards; their points move in the same statement.
use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::points::{Change, Effect};

/// What a grant came to.
#[derive(Clone, Debug)]
pub struct Grant<'c> {
    pub change: &'c Change,
    pub points: i64,
    pub explained: String,
    pub rule_version: i32,
    pub expiry_months: i32,
    pub doubted: bool,
}

/// Why a change granted nothing.
#[derive(Clone, Debug)]
pub struct Refusal<'c> {
    pub change: &'c Change,
    pub reason: &'static str,
}

/// Awards every ticket once by a rule; one that has its award is left as it is, unless that is void because the ticket had turned out
/// to be none and is one after all, or because it is somebody else's now: that starts the next round.
pub async fn grant(connection: &mut PgConnection, grants: &[Grant<'_>]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = grants.iter().map(|grant| grant.change.district_id).collect();
    let tickets: Vec<Uuid> = grants.iter().map(|grant| grant.change.ticket_id).collect();
    let rules: Vec<&str> = grants.iter().map(|grant| grant.change.effect.rule()).collect();
    let people: Vec<Uuid> = grants.iter().map(|grant| grant.change.reporter_id).collect();
    let numbers: Vec<&str> = grants.iter().map(|grant| grant.change.number.as_str()).collect();
    let points: Vec<i64> = grants.iter().map(|grant| grant.points).collect();
    let times: Vec<DateTime<Utc>> = grants.iter().map(|grant| grant.change.at).collect();
    let explained: Vec<&str> = grants.iter().map(|grant| grant.explained.as_str()).collect();
    let versions: Vec<i32> = grants.iter().map(|grant| grant.rule_version).collect();
    let months: Vec<i32> = grants.iter().map(|grant| grant.expiry_months).collect();
    let doubted: Vec<bool> = grants.iter().map(|grant| grant.doubted).collect();
    sqlx::query_scalar!(
        r#"with granted as (
            insert into incentives.award as a (district_id, ticket_id, rule, person_id, ticket_number, points, state, awarded_at,
                explained, rule_version, expiry_months, doubted)
            select g.district_id, g.ticket_id, g.rule, g.person_id, g.number, g.points, 'PENDING', g.at, g.explained, g.version,
                g.months, g.doubted
            from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::bigint[], $7::timestamptz[], $8::text[],
                $9::int4[], $10::int4[], $11::bool[])
                g (district_id, ticket_id, rule, person_id, number, points, at, explained, version, months, doubted)
            on conflict (district_id, ticket_id, rule) do update set state = 'PENDING', ended_at = null, round = a.round + 1,
                person_id = excluded.person_id, points = excluded.points, explained = excluded.explained,
                rule_version = excluded.rule_version, expiry_months = excluded.expiry_months, awarded_at = excluded.awarded_at,
                reason = '', doubted = excluded.doubted, decided_by = null, appeal = null, appealed_at = null
                where a.state = 'VOID' and (a.decided_by is null or a.person_id <> excluded.person_id)
            returning a)
        select incentives.pay(array_agg(a)) is null as paid from granted"#,
        &districts,
        &tickets,
        &rules as _,
        &people,
        &numbers as _,
        &points,
        &times,
        &explained as _,
        &versions,
        &months,
        &doubted
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

/// Keeps why changes granted nothing; the last reason wins.
pub async fn refuse(connection: &mut PgConnection, refusals: &[Refusal<'_>]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = refusals.iter().map(|one| one.change.district_id).collect();
    let tickets: Vec<Uuid> = refusals.iter().map(|one| one.change.ticket_id).collect();
    let rules: Vec<&str> = refusals.iter().map(|one| one.change.effect.rule()).collect();
    let people: Vec<Uuid> = refusals.iter().map(|one| one.change.reporter_id).collect();
    let reasons: Vec<&str> = refusals.iter().map(|one| one.reason).collect();
    let times: Vec<DateTime<Utc>> = refusals.iter().map(|one| one.change.at).collect();
    sqlx::query!(
        "insert into incentives.award_refusal (district_id, ticket_id, rule, person_id, reason, at)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[])
        on conflict on constraint award_refusal_key do update set person_id = excluded.person_id, reason = excluded.reason,
            at = excluded.at",
        &districts,
        &tickets,
        &rules as _,
        &people,
        &reasons as _,
        &times
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Which of these have an award that a new one would leave as it is.
pub async fn standing(
    connection: &mut PgConnection,
    changes: &[Change],
) -> sqlx::Result<HashSet<(Uuid, Uuid, String)>> {
    let districts: Vec<Uuid> = changes.iter().map(|change| change.district_id).collect();
    let tickets: Vec<Uuid> = changes.iter().map(|change| change.ticket_id).collect();
    let rules: Vec<&str> = changes.iter().map(|change| change.effect.rule()).collect();
    let people: Vec<Uuid> = changes.iter().map(|change| change.reporter_id).collect();
    let rows = sqlx::query!(
        "select a.district_id, a.ticket_id, a.rule
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[]) c (district_id, ticket_id, rule, person_id)
        join incentives.award a on a.district_id = c.district_id and a.ticket_id = c.ticket_id and a.rule = c.rule
        where not (a.state = 'VOID' and (a.decided_by is null or a.person_id <> c.person_id))",
        &districts,
        &tickets,
        &rules as _,
        &people
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows.map(|row| (row.district_id, row.ticket_id, row.rule)).collect())
}

/// Makes pending awards active or void; any other is left as it is. What is doubted is held for a person instead of becoming
/// active.
pub async fn end(connection: &mut PgConnection, changes: &[Change]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = changes.iter().map(|change| change.district_id).collect();
    let tickets: Vec<Uuid> = changes.iter().map(|change| change.ticket_id).collect();
    let active: Vec<bool> = changes.iter().map(|change| change.effect == Effect::Activate).collect();
    let times: Vec<_> = changes.iter().map(|change| change.at).collect();
    let only = |change: &Change| change.effect.ends_only();
    let rules: Vec<Option<&str>> = changes.iter().map(only).collect();
    let but = |change: &Change| (change.effect == Effect::VoidFormer).then_some(change.reporter_id);
    let but: Vec<Option<Uuid>> = changes.iter().map(but).collect();
    sqlx::query_scalar!(
        r#"with ended as (
            update incentives.award a
            set state = case when not c.active then 'VOID' when a.doubted then 'HELD' else 'ACTIVE' end,
                ended_at = case when c.active and a.doubted then null else c.at end,
                doubted = a.doubted and c.active,
                -- who cleared it did not void it: valid after all, it is granted again
                decided_by = case when c.active then a.decided_by end
            from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::timestamptz[], $5::text[], $6::uuid[])
                c (district_id, ticket_id, active, at, rule, but)
            where a.district_id = c.district_id and a.ticket_id = c.ticket_id
                and (a.state = 'PENDING' or a.state = 'HELD' and not c.active)
                and (c.rule is null or a.rule = c.rule) and a.person_id is distinct from c.but
            returning a)
        select incentives.pay(array_agg(a)) is null as paid from ended where (a).state <> 'HELD'"#,
        &districts,
        &tickets,
        &active,
        &times,
        &rules as _,
        &but as _
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

/// What each of some people was awarded on each day since a time; void awards do not count.
pub async fn awarded(
    connection: &mut PgConnection,
    people: &[(Uuid, Uuid)],
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<(Uuid, Uuid, NaiveDate, i64)>> {
    let (districts, ids): (Vec<Uuid>, Vec<Uuid>) = people.iter().copied().unzip();
    let rows = sqlx::query!(
        r#"select a.district_id, a.person_id, (a.awarded_at at time zone 'Asia/Shanghai')::date as "day!", sum(a.points)::bigint as "points!"
        from unnest($1::uuid[], $2::uuid[]) p (district_id, person_id)
        join incentives.award a on a.district_id = p.district_id and a.person_id = p.person_id and a.awarded_at >= $3
            and a.state not in ('VOID', 'REVERSED')
        group by 1, 2, 3"#,
        &districts,
        &ids,
        since
    );
    let rows = rows.fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.district_id, row.person_id, row.day, row.points)).collect())
}
