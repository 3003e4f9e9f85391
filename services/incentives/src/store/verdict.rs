//! Awards as people see them and decide about them.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::redemption::Asked;
use crate::award::{Award, AwardState, Verdict, Which};

/// A member's awards, newest first, below a position of time and ticket.
pub async fn of_member(
    pool: &PgPool,
    (district_id, person_id): (Uuid, Uuid),
    below: (DateTime<Utc>, Uuid),
    limit: i64,
) -> sqlx::Result<Vec<Award>> {
    sqlx::query_as!(
        Award,
        r#"select a.ticket_id, a.ticket_number, a.rule, a.person_id, a.points, a.explained, a.state as "state!: AwardState",
            a.awarded_at, a.ended_at, a.reason, a.doubted, a.decided_by, a.appeal, a.appealed_at, a.state = 'HELD' as "closed!"
        from incentives.award a
        where a.district_id = $1 and a.person_id = $2 and (a.awarded_at, a.ticket_id) < ($3, $4)
        order by a.awarded_at desc, a.ticket_id desc limit $5"#,
        district_id,
        person_id,
        below.0,
        below.1,
        limit
    )
    .fetch_all(pool)
    .await
}

/// What waits for a decision, oldest first, above a position of time and ticket.
pub async fn doubted(
    pool: &PgPool,
    district_id: Uuid,
    above: (DateTime<Utc>, Uuid),
    limit: i64,
) -> sqlx::Result<Vec<Award>> {
    sqlx::query_as!(
        Award,
        r#"select a.ticket_id, a.ticket_number, a.rule, a.person_id, a.points, a.explained, a.state as "state!: AwardState",
            a.awarded_at, a.ended_at, a.reason, a.doubted, a.decided_by, a.appeal, a.appealed_at, a.state = 'HELD' as "closed!"
        from incentives.award a
        where a.district_id = $1 and (a.doubted or a.appealed_at is not null) and (a.awarded_at, a.ticket_id) > ($2, $3)
        order by a.awarded_at, a.ticket_id limit $4"#,
        district_id,
        above.0,
        above.1,
        limit
    )
    .fetch_all(pool)
    .await
}

/// One award; nothing where there is none.
pub async fn find(pool: &PgPool, district_id: Uuid, which: &Which) -> sqlx::Result<Option<Award>> {
    sqlx::query_as!(
        Award,
        r#"select a.ticket_id, a.ticket_number, a.rule, a.person_id, a.points, a.explained, a.state as "state!: AwardState",
            a.awarded_at, a.ended_at, a.reason, a.doubted, a.decided_by, a.appeal, a.appealed_at,
            coalesce(t.closed_at is not null, false) as "closed!"
        from incentives.award a
        -- what was merged is closed with its parent
        left join incentives.co_report c on c.district_id = a.district_id and c.ticket_id = a.ticket_id
        left join incentives.ticket t on t.district_id = a.district_id and t.ticket_id = coalesce(c.parent_id, a.ticket_id)
        where a.district_id = $1 and a.ticket_id = $2 and a.rule = $3"#,
        district_id,
        which.ticket_id,
        which.rule
    )
    .fetch_optional(pool)
    .await
}

/// Decides about an award that is doubted: it goes on, or is void. False where it is not doubted any more.
pub async fn decide(pool: &PgPool, asked: &Asked, which: &Which, verdict: &Verdict) -> sqlx::Result<bool> {
    let decided = sqlx::query_scalar!(
        r#"with e as (
            update incentives.award a
            set doubted = false, decided_by = $5, reason = $6,
                state = case when not $4 then 'VOID' when a.state = 'HELD' then 'ACTIVE' else a.state end,
                ended_at = case when $4 and a.state = 'PENDING' then null else $7::timestamptz end
            where a.district_id = $1 and a.ticket_id = $2 and a.rule = $3 and a.doubted and a.state in ('PENDING', 'HELD')
                and a.person_id <> $5
            returning a),
        paid as (select incentives.pay(array_agg(e.a)) from e where (e.a).state <> 'PENDING'),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $7, $5, $8, 'DECIDE_AWARD', $2::uuid || ' ' || $3::text,
                jsonb_build_object('earned', $4::bool, 'reason', $6::text, 'state', (e.a).state, 'points', (e.a).points) from e)
        select count(*) as "many!" from e cross join paid"#,
        asked.district_id,
        which.ticket_id,
        which.rule,
        verdict.earned,
        asked.person_id,
        verdict.reason,
        asked.now,
        asked.role
    );
    Ok(decided.fetch_one(pool).await? > 0)
}

/// Decides an appeal, by another person than who made the award void. What is earned after all starts its next round: active
/// where its ticket is closed, else pending again. False where there is no appeal to decide.
pub async fn decide_appeal(pool: &PgPool, asked: &Asked, which: &Which, verdict: &Verdict) -> sqlx::Result<bool> {
    let decided = sqlx::query_scalar!(
        r#"with e as (
            update incentives.award a
            set appealed_at = null, decided_by = $5, reason = $6,
                state = case when not $4 then 'VOID' when c.closed then 'ACTIVE' else 'PENDING' end,
                ended_at = case when not $4 then a.ended_at when c.closed then $7::timestamptz end,
                awarded_at = case when $4 then $7::timestamptz else a.awarded_at end, round = a.round + $4::bool::int
            from (select exists (select from incentives.ticket t
                -- what was merged is closed with its parent
                where t.district_id = $1 and t.closed_at is not null and t.ticket_id = coalesce((select c.parent_id
                    from incentives.co_report c where c.district_id = $1 and c.ticket_id = $2), $2)) as closed) c
            where a.district_id = $1 and a.ticket_id = $2 and a.rule = $3 and a.appealed_at is not null and a.state = 'VOID'
                and a.decided_by <> $5 and a.person_id <> $5
            returning a),
        paid as (
            select incentives.post(array_agg(row((e.a).district_id, (e.a).person_id, way.kind, (e.a).points, way.debit, way.credit,
                '申诉成立，上报 ' || (e.a).ticket_number || way.words, (e.a).ticket_id, null,
                format('%s:%s:%s:%s', way.cause, (e.a).ticket_id, (e.a).rule, (e.a).round), $7::timestamptz, null, null,
                case way.step when 2 then incentives.month_end($7, (e.a).expiry_months) end, $5::uuid)::incentives.posting
                order by way.step))
            from e
            cross join (values (1, 'AWARD', 'BUDGET', 'PENDING', 'award', '的积分恢复'),
                (2, 'ACTIVATE', 'PENDING', 'AVAILABLE', 'award-end', '的积分生效')) way (step, kind, debit, credit, cause, words)
            where (e.a).state = 'ACTIVE' or (e.a).state = 'PENDING' and way.step = 1),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $7, $5, $8, 'DECIDE_AWARD_APPEAL', $2::uuid || ' ' || $3::text,
                jsonb_build_object('earned', $4::bool, 'reason', $6::text, 'state', (e.a).state, 'points', (e.a).points) from e)
        select count(*) as "many!" from e cross join paid"#,
        asked.district_id,
        which.ticket_id,
        which.rule,
        verdict.earned,
        asked.person_id,
        verdict.reason,
        asked.now,
        asked.role
    );
    Ok(decided.fetch_one(pool).await? > 0)
}

/// Appeals against what a person made void since a time; false where that is not so.
pub async fn appeal(
    pool: &PgPool,
    asked: &Asked,
    which: &Which,
    text: &str,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let appealed = sqlx::query!(
        "update incentives.award set appeal = $5, appealed_at = $6
        where district_id = $1 and ticket_id = $2 and rule = $3 and person_id = $4 and state = 'VOID' and decided_by is not null
            and appeal is null and ended_at > $7",
        asked.district_id,
        which.ticket_id,
        which.rule,
        asked.person_id,
        text,
        asked.now,
        since
    );
    Ok(appealed.execute(pool).await?.rows_affected() > 0)
}
