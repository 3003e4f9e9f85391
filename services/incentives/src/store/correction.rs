//! What people post by hand: points for an activity, and the opposite of an entry.
use sqlx::PgPool;
use uuid::Uuid;

use super::redemption::Asked;
use crate::points::{Activity, Correction};

/// Gives an activity's points; false where the id is taken.
pub async fn grant(pool: &PgPool, asked: &Asked, activity: &Activity, months: i32) -> sqlx::Result<bool> {
    let granted = sqlx::query_scalar!(
        r#"with e as (
            insert into incentives.activity (district_id, activity_id, name, points, people, granted_by, at)
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict on constraint activity_key do nothing
            returning *),
        posted as (
            select incentives.post(array_agg(row(e.district_id, person_id, 'GRANT', e.points, 'BUDGET', 'AVAILABLE',
                '参加活动“' || e.name || '”', null, null, 'grant:' || e.activity_id || ':' || person_id, e.at, e.activity_id, null,
                incentives.month_end(e.at, $8), e.granted_by)::incentives.posting))
            from e cross join lateral unnest(e.people) person_id having count(*) > 0),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select e.district_id, e.at, e.granted_by, $9, 'GRANT_POINTS', e.activity_id,
                jsonb_build_object('name', e.name, 'points', e.points, 'people', to_jsonb(e.people)) from e)
        select count(*) as "many!" from posted"#,
        asked.district_id,
        activity.activity_id,
        activity.name,
        activity.points,
        &activity.people,
        asked.person_id,
        asked.now,
        months,
        asked.role
    );
    Ok(granted.fetch_one(pool).await? > 0)
}

/// The activity that has this id, and who granted it.
pub async fn activity(pool: &PgPool, district_id: Uuid, activity_id: Uuid) -> sqlx::Result<Option<(Activity, Uuid)>> {
    let row = sqlx::query!(
        "select name, points, people, granted_by from incentives.activity where district_id = $1 and activity_id = $2",
        district_id,
        activity_id
    );
    let read = row.fetch_optional(pool).await?;
    Ok(read
        .map(|row| (Activity { activity_id, name: row.name, points: row.points, people: row.people }, row.granted_by)))
}

/// What is known of a transfer that is to be undone: its kind, whom it is about, and how many points.
pub async fn of(pool: &PgPool, district_id: Uuid, transfer_id: i64) -> sqlx::Result<Option<(String, Uuid, i64)>> {
    let row = sqlx::query!(
        "select kind, person_id, amount from incentives.transfer where district_id = $1 and transfer_id = $2",
        district_id,
        transfer_id
    );
    Ok(row.fetch_optional(pool).await?.map(|row| (row.kind, row.person_id, row.amount)))
}

/// Posts the opposite of a transfer. Points already spent break `balance_not_negative`, a second time `transfer_reversed_once`
/// or `transfer_once`.
pub async fn reverse(pool: &PgPool, asked: &Asked, wanted: &Correction, months: i32) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        r#"with t as (
            select t.* from incentives.transfer t
            where t.district_id = $1 and t.transfer_id = $2 and t.kind in ('ACTIVATE', 'GRANT', 'EXPIRE')),
        award as (
            update incentives.award a set state = 'REVERSED', reason = $3
            from t where t.kind = 'ACTIVATE' and a.district_id = t.district_id and a.ticket_id = t.ticket_id
                and a.state = 'ACTIVE' and t.request_key = 'award-end:' || a.ticket_id || ':' || a.rule
                    || case when a.round > 0 then ':' || a.round else '' end),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select t.district_id, $4, $5, $7, 'REVERSE_ENTRY', t.transfer_id, jsonb_build_object('kind', t.kind, 'person_id', t.person_id,
                'points', t.amount, 'reason', $3::text) from t)
        select incentives.post(array_agg(row(t.district_id, t.person_id, 'REVERSE', t.amount,
            case t.kind when 'EXPIRE' then 'EXPIRED' else 'AVAILABLE' end, case t.kind when 'EXPIRE' then 'AVAILABLE' else 'BUDGET' end,
            '更正“' || t.text || '”：' || $3, t.ticket_id, null, 'reverse:' || t.transfer_id, $4::timestamptz, t.activity_id,
            t.transfer_id, case t.kind when 'EXPIRE' then incentives.month_end($4, $6) end, $5::uuid)::incentives.posting)) is null as posted
        from t having count(*) > 0"#,
        asked.district_id,
        wanted.transfer_id,
        wanted.reason,
        asked.now,
        asked.person_id,
        months,
        asked.role
    )
    .fetch_optional(pool)
    .await
    .map(drop)
}
