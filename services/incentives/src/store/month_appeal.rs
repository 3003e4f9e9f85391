//! Appeals against the list of a month, and what its ranks bring.
use chrono::NaiveDate;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::redemption::Asked;
use crate::month::{Appeal, MonthTerms, Tier};

/// Keeps an appeal while the list is shown; false where it is not, the id is taken, or the person has an open one.
pub async fn appeal(
    pool: &PgPool,
    asked: &Asked,
    month: NaiveDate,
    (appeal_id, text): (Uuid, &str),
) -> sqlx::Result<bool> {
    let kept = sqlx::query!(
        "with shown as (
            select district_id, month from incentives.month
            where district_id = $1 and month = $2 and state = 'APPROVED' and publish_at > $6 for share)
        insert into incentives.month_appeal (district_id, month, appeal_id, person_id, text, at)
        select district_id, month, $3, $4, $5, $6 from shown
        on conflict do nothing",
        asked.district_id,
        month,
        appeal_id,
        asked.person_id,
        text,
        asked.now
    );
    Ok(kept.execute(pool).await?.rows_affected() > 0)
}

/// Answers an open appeal of somebody else; one that is accepted takes the approvals back. False where it is not open.
pub async fn decide(
    pool: &PgPool,
    asked: &Asked,
    month: NaiveDate,
    appeal_id: Uuid,
    (accepted, answer): (bool, &str),
) -> sqlx::Result<bool> {
    let decided = sqlx::query_scalar!(
        r#"with decided as (
            update incentives.month_appeal set accepted = $5, answer = $6, decided_by = $4
            where district_id = $1 and month = $2 and appeal_id = $3 and accepted is null and person_id <> $4
            returning district_id, month),
        returned as (
            update incentives.month m set state = 'CLOSED', first_by = null, second_by = null, publish_at = null, reason = '有申诉成立，名单重新审核',
                returned_by = null
            from decided d where $5 and m.district_id = d.district_id and m.month = d.month and m.state in ('APPROVED_ONCE', 'APPROVED')),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select d.district_id, $7, $4, $8, 'DECIDE_MONTH_APPEAL', $3::uuid,
                jsonb_build_object('month', to_char(d.month, 'YYYY-MM'), 'accepted', $5::bool, 'answer', $6::text) from decided d)
        select count(*) as "many!" from decided"#,
        asked.district_id,
        month,
        appeal_id,
        asked.person_id,
        accepted,
        answer,
        asked.now,
        asked.role
    );
    Ok(decided.fetch_one(pool).await? > 0)
}

/// The appeals of a month, open ones first, or one of them, or one person's.
pub async fn list(
    pool: &PgPool,
    district_id: Uuid,
    month: NaiveDate,
    (appeal_id, person_id): (Option<Uuid>, Option<Uuid>),
) -> sqlx::Result<Vec<Appeal>> {
    sqlx::query_as!(
        Appeal,
        "select appeal_id, person_id, text, at, accepted, answer, decided_by from incentives.month_appeal
        where district_id = $1 and month = $2 and ($3::uuid is null or appeal_id = $3)
            and ($4::uuid is null or person_id = $4)
        order by accepted is not null, at, appeal_id limit 200",
        district_id,
        month,
        appeal_id,
        person_id
    )
    .fetch_all(pool)
    .await
}

/// What ranks bring: the latest version, or a certain one, and who wrote it.
pub async fn terms(pool: &PgPool, district_id: Uuid, version: Option<i32>) -> sqlx::Result<Option<(MonthTerms, Uuid)>> {
    let row = sqlx::query!(
        r#"select version, tiers as "tiers: Json<Vec<Tier>>", appeal_hours, put_by from incentives.month_terms
        where district_id = $1 and ($2::int is null or version = $2) order by version desc limit 1"#,
        district_id,
        version
    );
    let row = row.fetch_optional(pool).await?;
    Ok(row.map(|row| {
        let terms = MonthTerms { version: row.version, tiers: row.tiers.0, appeal_hours: row.appeal_hours };
        (terms, row.put_by)
    }))
}

/// Writes the version after the one that was edited; false where there is one already.
pub async fn put_terms(pool: &PgPool, asked: &Asked, edited: &MonthTerms) -> sqlx::Result<bool> {
    let put = sqlx::query!(
        "with e as (
            insert into incentives.month_terms (district_id, version, tiers, appeal_hours, put_by, at)
            select $1, $2 + 1, $3, $4, $5, $6
            where $2 = (select coalesce(max(version), 0) from incentives.month_terms where district_id = $1)
            on conflict on constraint month_terms_key do nothing returning *)
        insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select e.district_id, e.at, e.put_by, $7, 'PUT_MONTH_TERMS', e.version,
            jsonb_build_object('tiers', e.tiers, 'appeal_hours', e.appeal_hours) from e",
        asked.district_id,
        edited.version,
        Json(&edited.tiers) as _,
        edited.appeal_hours,
        asked.person_id,
        asked.now,
        asked.role
    );
    Ok(put.execute(pool).await?.rows_affected() > 0)
}
