//! The tickets as they were heard of.
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{points::Heard, rules::Report};

/// Takes tickets as they are now; the last word on one wins, and what a message leaves out stays.
pub async fn keep(connection: &mut PgConnection, heard: &[Heard]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = heard.iter().map(|one| one.district_id).collect();
    let tickets: Vec<Uuid> = heard.iter().map(|one| one.ticket_id).collect();
    let reporters: Vec<Uuid> = heard.iter().map(|one| one.reporter_id).collect();
    let earns: Vec<bool> = heard.iter().map(|one| one.earns).collect();
    let categories: Vec<&str> = heard.iter().map(|one| one.report.category_code.as_str()).collect();
    let priorities: Vec<i16> = heard.iter().map(|one| one.report.priority).collect();
    let levels: Vec<i16> = heard.iter().map(|one| one.report.level).collect();
    let places: Vec<&str> = heard.iter().map(|one| one.report.place_path.as_str()).collect();
    let photos: Vec<i32> = heard.iter().map(|one| one.report.photos).collect();
    let received: Vec<DateTime<Utc>> = heard.iter().map(|one| one.report.received_at).collect();
    let states: Vec<&str> = heard.iter().map(|one| one.state).collect();
    let closed: Vec<Option<DateTime<Utc>>> = heard.iter().map(|one| one.closed_at).collect();
    let malicious: Vec<bool> = heard.iter().map(|one| one.malicious).collect();
    let checkers: Vec<Option<Uuid>> = heard.iter().map(|one| one.checker_id).collect();
    sqlx::query!(
        "insert into incentives.ticket as t (district_id, ticket_id, reporter_id, earns, category_code, priority, level,
            place_path, photos, received_at, state, closed_at, checker_id, malicious)
        select distinct on (h.district_id, h.ticket_id) h.district_id, h.ticket_id, h.reporter_id, h.earns, h.category_code,
            h.priority, h.level, h.place_path, h.photos, h.received_at, h.state, h.closed_at, h.checker_id, h.malicious
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bool[], $5::text[], $6::int2[], $7::int2[], $8::text[], $9::int4[],
            $10::timestamptz[], $11::text[], $12::timestamptz[], $13::uuid[], $14::bool[]) with ordinality
            h (district_id, ticket_id, reporter_id, earns, category_code, priority, level, place_path, photos, received_at, state,
            closed_at, checker_id, malicious, number)
        order by h.district_id, h.ticket_id, h.number desc
        on conflict on constraint ticket_key do update set reporter_id = excluded.reporter_id, earns = excluded.earns,
            category_code = excluded.category_code, priority = excluded.priority, level = excluded.level,
            place_path = excluded.place_path, photos = excluded.photos, state = excluded.state, closed_at = excluded.closed_at,
            checker_id = coalesce(excluded.checker_id, t.checker_id), malicious = excluded.malicious",
        &districts,
        &tickets,
        &reporters,
        &earns,
        &categories as _,
        &priorities,
        &levels,
        &places as _,
        &photos,
        &received,
        &states as _,
        &closed as _,
        &checkers as _,
        &malicious
    )
    .execute(connection)
    .await
    .map(drop)
}

/// What was or could have been earned by a report that was closed in a time.
#[derive(Clone, Debug)]
pub struct Closed {
    pub person_id: Uuid,
    pub rule: String,
    pub report: Report,
    pub given: i64,
}

/// At most so many reports and shares of tickets that were closed from one time to another.
pub async fn closed(
    pool: &PgPool,
    district_id: Uuid,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    most: i64,
) -> sqlx::Result<Vec<Closed>> {
    let rows = sqlx::query!(
        r#"select c.person_id as "person_id!", c.rule as "rule!", c.category_code as "category_code!", c.priority as "priority!",
            c.level as "level!", c.place_path as "place_path!", c.photos as "photos!", c.received_at as "received_at!",
            c.given as "given!"
        from (
            select t.reporter_id as person_id, 'REPORT' as rule, t.category_code, t.priority, t.level, t.place_path, t.photos,
                t.received_at, coalesce((select a.points from incentives.award a where a.district_id = t.district_id
                    and a.ticket_id = t.ticket_id and a.rule = 'REPORT' and a.state = 'ACTIVE'), 0) as given
            from incentives.ticket t
            where t.district_id = $1 and t.closed_at >= $2 and t.closed_at < $3 and t.earns
            union all
            select a.person_id, 'CO_REPORT', t.category_code, t.priority, t.level, t.place_path, t.photos, t.received_at, a.points
            from incentives.award a
            join incentives.ticket t on t.district_id = a.district_id and t.ticket_id = a.ticket_id
            where a.district_id = $1 and a.rule = 'CO_REPORT' and a.state = 'ACTIVE' and a.ended_at >= $2 and a.ended_at < $3
        ) c order by c.received_at limit $4"#,
        district_id,
        from,
        to,
        most
    );
    let closed = rows.fetch_all(pool).await?.into_iter().map(|row| Closed {
        person_id: row.person_id,
        rule: row.rule,
        given: row.given,
        report: Report {
            category_code: row.category_code,
            priority: row.priority,
            level: row.level,
            place_path: row.place_path,
            photos: row.photos,
            received_at: row.received_at,
        },
    });
    Ok(closed.collect())
}
