//! Awards; their points move in the same statement.
use sqlx::PgConnection;
use uuid::Uuid;

use crate::points::{Change, Effect};

/// Awards every ticket once, by the most specific rule; a ticket that has its award is left as it is.
pub async fn grant(connection: &mut PgConnection, changes: &[Change]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = changes.iter().map(|change| change.district_id).collect();
    let tickets: Vec<Uuid> = changes.iter().map(|change| change.ticket_id).collect();
    let reporters: Vec<Uuid> = changes.iter().map(|change| change.reporter_id).collect();
    let numbers: Vec<String> = changes.iter().map(|change| change.number.clone()).collect();
    let categories: Vec<String> = changes.iter().map(|change| change.category_code.clone()).collect();
    let times: Vec<_> = changes.iter().map(|change| change.at).collect();
    let rules: Vec<&str> = changes.iter().map(|change| change.effect.rule()).collect();
    sqlx::query_scalar!(
        r#"with granted as (
            insert into incentives.award as a
                (district_id, ticket_id, rule, person_id, ticket_number, points, state, awarded_at)
            select c.district_id, c.ticket_id, r.rule, c.reporter_id, c.number, r.points, 'PENDING', c.at
            from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
                c (district_id, ticket_id, reporter_id, number, category_code, at, rule)
            cross join lateral (
                select r.rule, r.points from incentives.earning_rule r
                where r.district_id in (c.district_id, '00000000-0000-0000-0000-000000000000')
                    and r.rule = c.rule and r.category_code in (c.category_code, '*')
                order by r.district_id = c.district_id desc, r.category_code = c.category_code desc limit 1) r
            where r.points > 0
            on conflict (district_id, ticket_id, rule) do nothing
            returning a)
        select incentives.pay(array_agg(a)) is null as paid from granted"#,
        &districts,
        &tickets,
        &reporters,
        &numbers,
        &categories,
        &times,
        &rules as _
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

/// Makes pending awards active or void; any other is left as it is.
pub async fn end(connection: &mut PgConnection, changes: &[Change]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = changes.iter().map(|change| change.district_id).collect();
    let tickets: Vec<Uuid> = changes.iter().map(|change| change.ticket_id).collect();
    let active: Vec<bool> = changes.iter().map(|change| change.effect == Effect::Activate).collect();
    let times: Vec<_> = changes.iter().map(|change| change.at).collect();
    let only = |change: &Change| (change.effect == Effect::VoidReport).then(|| change.effect.rule());
    let rules: Vec<Option<&str>> = changes.iter().map(only).collect();
    sqlx::query_scalar!(
        r#"with ended as (
            update incentives.award a set state = case when c.active then 'ACTIVE' else 'VOID' end, ended_at = c.at
            from unnest($1::uuid[], $2::uuid[], $3::bool[], $4::timestamptz[], $5::text[])
                c (district_id, ticket_id, active, at, rule)
            where a.district_id = c.district_id and a.ticket_id = c.ticket_id and a.state = 'PENDING'
                and (c.rule is null or a.rule = c.rule)
            returning a)
        select incentives.pay(array_agg(a)) is null as paid from ended"#,
        &districts,
        &tickets,
        &active,
        &times,
        &rules as _
    )
    .fetch_one(connection)
    .await
    .map(drop)
}
