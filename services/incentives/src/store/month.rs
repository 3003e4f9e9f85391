//! Months: what closes, moves and publishes them, one statement each.
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::redemption::Asked;
use crate::month::{CashAward, Month, MonthState};

/// Closes every month before one that has scores, once, the oldest first; answers how many.
pub async fn close(pool: &PgPool, this_month: NaiveDate, now: DateTime<Utc>) -> sqlx::Result<i64> {
    let mut closed = 0;
    loop {
        // one probe a district, and one for its oldest month
        let due = sqlx::query!(
            r#"with recursive district as (
                (select s.district_id as id from incentives.score s order by s.district_id limit 1)
                union all
                select (select s.district_id from incentives.score s where s.district_id > d.id order by s.district_id limit 1)
                from district d where d.id is not null)
            select d.id as "district_id!", due.month from district d
            cross join lateral (
                select s.month from incentives.score s
                where s.district_id = d.id and s.points > 0 and s.month < $1 and s.month > coalesce(
                    (select max(m.month) from incentives.month m where m.district_id = d.id), '-infinity')
                order by s.month limit 1) due
            where d.id is not null"#,
            this_month
        );
        let due = due.fetch_all(pool).await?;
        if due.is_empty() {
            return Ok(closed);
        }
        for month in due {
            let done = sqlx::query_scalar!(
                r#"select incentives.close_month($1, $2, $3) as "closed!""#,
                month.district_id,
                month.month,
                now
            );
            closed += i64::from(done.fetch_one(pool).await?);
        }
    }
}

/// Publishes what was shown long enough and has no open appeal, and orders what is to be paid; answers how many months.
pub async fn publish(pool: &PgPool, now: DateTime<Utc>, traceparent: &str) -> sqlx::Result<i64> {
    let published = sqlx::query_scalar!(
        r#"with due as (
            select m.district_id, m.month from incentives.month m
            where m.state = 'APPROVED' and m.publish_at <= $1 and not exists (
                select from incentives.month_appeal a where a.district_id = m.district_id and a.month = m.month and a.accepted is null)
            order by m.publish_at for update skip locked),
        published as (
            update incentives.month m set state = 'PUBLISHED', published_at = $1
            from due d where m.district_id = d.district_id and m.month = d.month and m.state = 'APPROVED'
            returning m.district_id, m.month),
        told as (
            insert into incentives.outbox (district_id, subject_id, type, payload, traceparent, at)
            select a.district_id, a.cash_award_id, 'hemei.incentives.v1.CashAwardApproved', jsonb_build_object(
                'cash_award_id', a.cash_award_id, 'person_id', a.person_id, 'month', to_char(a.month, 'YYYY-MM'), 'rank', a.rank,
                'gross_fen', a.gross_fen, 'at', $1::timestamptz), $2, $1
            from published p
            join incentives.cash_award a on a.district_id = p.district_id and a.month = p.month and a.gross_fen > 0
            order by a.district_id, a.rank)
        select count(*) as "many!" from published"#,
        now,
        traceparent
    );
    published.fetch_one(pool).await
}

/// The closed months of a district, newest first, or one of them.
pub async fn list(pool: &PgPool, district_id: Uuid, month: Option<NaiveDate>) -> sqlx::Result<Vec<Month>> {
    sqlx::query_as!(
        Month,
        r#"select month, state as "state!: MonthState", closed_at, members, points, first_by, second_by, publish_at, published_at,
            reason, returned_by, version, returned_version
        from incentives.month where district_id = $1 and ($2::date is null or month = $2) order by month desc limit 120"#,
        district_id,
        month
    )
    .fetch_all(pool)
    .await
}

/// Approves: first where nobody has, second where somebody else has; who is on the list approves nothing. False where it is not
/// the caller's turn.
pub async fn approve(pool: &PgPool, asked: &Asked, month: NaiveDate) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        "with e as (update incentives.month m set
            state = case m.state when 'CLOSED' then 'APPROVED_ONCE' else 'APPROVED' end,
            first_by = case m.state when 'CLOSED' then $3 else m.first_by end,
            second_by = case m.state when 'CLOSED' then null else $3::uuid end,
            publish_at = case m.state when 'CLOSED' then null else $4::timestamptz + make_interval(hours => m.appeal_hours) end
        where m.district_id = $1 and m.month = $2
            and (m.state = 'CLOSED' or m.state = 'APPROVED_ONCE' and m.first_by <> $3)
            and not exists (select from incentives.cash_award a
                where a.district_id = m.district_id and a.month = m.month and a.person_id = $3 and a.gross_fen > 0)
            returning m.*)
        insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select e.district_id, $4, $3, $5, 'APPROVE_MONTH', to_char(e.month, 'YYYY-MM'), jsonb_build_object('state', e.state) from e",
        asked.district_id,
        month,
        asked.person_id,
        asked.now,
        asked.role
    );
    Ok(moved.execute(pool).await?.rows_affected() > 0)
}

/// Takes the approvals of a version back; false where it has none or is another by now.
pub async fn give_back(
    pool: &PgPool,
    asked: &Asked,
    month: NaiveDate,
    (version, reason): (i32, &str),
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        "with e as (update incentives.month set state = 'CLOSED', first_by = null, second_by = null, publish_at = null, reason = $3,
            returned_by = $4, returned_version = $5
        where district_id = $1 and month = $2 and version = $5 and state in ('APPROVED_ONCE', 'APPROVED')
            returning *)
        insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select e.district_id, $6, $4, $7, 'RETURN_MONTH', to_char(e.month, 'YYYY-MM'),
            jsonb_build_object('reason', e.reason, 'version', $5) from e",
        asked.district_id,
        month,
        reason,
        asked.person_id,
        version,
        asked.now,
        asked.role
    );
    Ok(moved.execute(pool).await?.rows_affected() > 0)
}

/// What the members of a month get, best first.
pub async fn awards(pool: &PgPool, district_id: Uuid, month: NaiveDate) -> sqlx::Result<Vec<CashAward>> {
    sqlx::query_as!(
        CashAward,
        "select a.rank, a.person_id, r.points, a.gross_fen, a.reason from incentives.cash_award a
        join incentives.month_rank r on r.district_id = a.district_id and r.month = a.month and r.rank = a.rank
        where a.district_id = $1 and a.month = $2 order by a.rank",
        district_id,
        month
    )
    .fetch_all(pool)
    .await
}

/// The rank and points of a member in a month.
pub async fn rank_of(
    pool: &PgPool,
    district_id: Uuid,
    month: NaiveDate,
    person_id: Uuid,
) -> sqlx::Result<Option<(i32, i64)>> {
    let row = sqlx::query!(
        "select rank, points from incentives.month_rank where district_id = $1 and month = $2 and person_id = $3",
        district_id,
        month,
        person_id
    );
    Ok(row.fetch_optional(pool).await?.map(|row| (row.rank, row.points)))
}

/// Who has a rank in a month.
pub async fn ranked(pool: &PgPool, district_id: Uuid, month: NaiveDate, rank: i32) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select person_id from incentives.month_rank where district_id = $1 and month = $2 and rank = $3",
        district_id,
        month,
        rank
    )
    .fetch_optional(pool)
    .await
}

/// Sets what a rank brings while nobody has approved the list; false otherwise.
pub async fn put_award(
    pool: &PgPool,
    asked: &Asked,
    month: NaiveDate,
    (rank, gross_fen): (i32, i64),
    reason: &str,
) -> sqlx::Result<bool> {
    let put = sqlx::query_scalar!(
        "with open as (
            select district_id, month from incentives.month where district_id = $1 and month = $2 and state = 'CLOSED' for update),
        e as (insert into incentives.cash_award as a (district_id, month, person_id, rank, gross_fen, reason, changed_by)
        select r.district_id, r.month, r.person_id, r.rank, $4, $5, $6
        from open o join incentives.month_rank r on r.district_id = o.district_id and r.month = o.month and r.rank = $3
        on conflict on constraint cash_award_once do update set gross_fen = excluded.gross_fen, reason = excluded.reason,
            changed_by = excluded.changed_by
            where (a.gross_fen, a.reason, a.changed_by) is distinct from (excluded.gross_fen, excluded.reason, excluded.changed_by)
            returning a.*),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select e.district_id, $7, $6, $8, 'PUT_CASH_AWARD', to_char(e.month, 'YYYY-MM') || ' ' || e.rank,
                jsonb_build_object('gross_fen', e.gross_fen, 'reason', e.reason) from e)
        select count(*) as \"many!\" from open o
        join incentives.month_rank r on r.district_id = o.district_id and r.month = o.month and r.rank = $3",
        asked.district_id,
        month,
        rank,
        gross_fen,
        reason,
        asked.person_id,
        asked.now,
        asked.role
    );
    Ok(put.fetch_one(pool).await? > 0)
}

/// How far the tickets' feed is heard.
pub async fn heard(pool: &PgPool) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!("select tx, event_id from incentives.subscription where producer = 'tickets'");
    Ok(row.fetch_optional(pool).await?.map(|row| (row.tx, row.event_id)).unwrap_or_default())
}
