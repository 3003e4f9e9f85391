//! What made awards look strange.
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::points::Change;

/// How often somebody did much the same lately.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub same_place: i64,
    pub burst: i64,
    pub same_pair: i64,
    pub closed: i64,
    pub same_photo: i64,
}

/// For each change, in its place: the reporter's reports at the same place of the same category within 7 days, within ten
/// minutes, of those closed within 30 days how many the same person checked, and all that show one of its photos.
pub async fn counts(connection: &mut PgConnection, changes: &[Change]) -> sqlx::Result<Vec<Counts>> {
    let districts: Vec<Uuid> = changes.iter().map(|change| change.district_id).collect();
    let tickets: Vec<Uuid> = changes.iter().map(|change| change.ticket_id).collect();
    sqlx::query_as!(
        Counts,
        r#"select
            (select count(*) from incentives.ticket o where o.district_id = t.district_id and o.reporter_id = t.reporter_id
                and o.received_at between t.received_at - interval '7 days' and t.received_at
                and o.place_path = t.place_path and o.category_code = t.category_code and t.place_path <> '') as "same_place!",
            (select count(*) from incentives.ticket o where o.district_id = t.district_id and o.reporter_id = t.reporter_id
                and o.received_at between t.received_at - interval '10 minutes' and t.received_at) as "burst!",
            (select count(*) from incentives.ticket o where o.district_id = t.district_id and o.reporter_id = t.reporter_id
                and o.received_at > t.received_at - interval '30 days' and o.closed_at is not null
                and o.checker_id = t.checker_id) as "same_pair!",
            (select count(*) from incentives.ticket o where o.district_id = t.district_id and o.reporter_id = t.reporter_id
                and o.received_at > t.received_at - interval '30 days' and o.closed_at is not null) as "closed!",
            (select count(distinct o.ticket_id) from incentives.ticket_photo mine
                join incentives.photo p on p.district_id = mine.district_id and p.media_id = mine.media_id
                join incentives.photo same on same.district_id = p.district_id and same.sha256 = p.sha256
                join incentives.ticket_photo shown on shown.district_id = same.district_id and shown.media_id = same.media_id
                join incentives.ticket o on o.district_id = shown.district_id and o.ticket_id = shown.ticket_id
                    and o.reporter_id = t.reporter_id
                where mine.district_id = t.district_id and mine.ticket_id = t.ticket_id) as "same_photo!"
        from unnest($1::uuid[], $2::uuid[]) with ordinality c (district_id, ticket_id, number)
        left join incentives.ticket t on t.district_id = c.district_id and t.ticket_id = c.ticket_id
        order by c.number"#,
        &districts,
        &tickets
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

/// Keeps signals, each once, and marks their awards where these are still open.
pub async fn keep(connection: &mut PgConnection, signals: &[Signal<'_>]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = signals.iter().map(|one| one.change.district_id).collect();
    let tickets: Vec<Uuid> = signals.iter().map(|one| one.change.ticket_id).collect();
    let rules: Vec<&str> = signals.iter().map(|one| one.rule).collect();
    let names: Vec<&str> = signals.iter().map(|one| one.signal).collect();
    let evidence: Vec<&str> = signals.iter().map(|one| one.evidence.as_str()).collect();
    let times: Vec<_> = signals.iter().map(|one| one.change.at).collect();
    sqlx::query!(
        "with kept as (
            insert into incentives.signal (district_id, ticket_id, rule, signal, evidence, at)
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
            on conflict on constraint signal_key do nothing returning district_id, ticket_id, rule)
        update incentives.award a set doubted = true
        from kept k where a.district_id = k.district_id and a.ticket_id = k.ticket_id and a.rule = k.rule
            and a.state = 'PENDING' and a.decided_by is null",
        &districts,
        &tickets,
        &rules as _,
        &names as _,
        &evidence as _,
        &times
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The evidence about some awards: ticket, rule, signal and words.
pub async fn of(
    pool: &PgPool,
    district_id: Uuid,
    tickets: &[Uuid],
) -> sqlx::Result<Vec<(Uuid, String, String, String)>> {
    let rows = sqlx::query!(
        "select ticket_id, rule, signal, evidence from incentives.signal where district_id = $1 and ticket_id = any($2)
        order by at, signal",
        district_id,
        tickets
    );
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.ticket_id, row.rule, row.signal, row.evidence)).collect())
}
