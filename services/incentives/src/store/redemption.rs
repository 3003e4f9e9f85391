//! Redemptions: guard, stock, points and outbox in one statement each.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    prize::Kind,
    redemption::{CLOCK_SLACK, Redemption, State, Wanted},
};

/// Who asks, when, and in which trace.
#[derive(Clone, Debug)]
pub struct Asked {
    pub district_id: Uuid,
    pub person_id: Uuid,
    /// The role they act in.
    pub role: &'static str,
    pub now: DateTime<Utc>,
    pub traceparent: String,
}

/// A pick-up code as it is stored.
#[derive(Clone, Debug)]
pub struct SealedCode {
    pub sealed: Vec<u8>,
    pub blind: Vec<u8>,
}

/// Reserves stock and points, or gives the code of a voucher for points; nothing where the id is taken or there is no such prize
/// or point of it, or none of several points is named.
/// What is missing breaks `stock_not_negative` or `balance_not_negative`, a code in use `redemption_code_unique`, more than one
/// voucher `voucher_quantity`.
pub async fn reserve(
    pool: &PgPool,
    asked: &Asked,
    wanted: Wanted,
    code: &SealedCode,
) -> sqlx::Result<Option<Redemption>> {
    sqlx::query_as!(
        Redemption,
        r#"with reserved as (
            insert into incentives.redemption as r (district_id, redemption_id, person_id, prize_id, prize_name, quantity,
                points, state, code_sealed, code_blind, pickup_place_id, created_at, expires_at)
            select $1, $2, $3, p.prize_id, p.name, $5, p.points * $5, 'RESERVED', $6, $7, s.place_id, $8::timestamptz,
                $8::timestamptz + make_interval(hours => p.hold_hours)
            from incentives.prize p
            join incentives.prize_point s on s.district_id = p.district_id and s.prize_id = p.prize_id
            where p.district_id = $1 and p.prize_id = $4 and p.active and p.kind = 'GOODS'
                and case when $10::uuid is null then not exists (select from incentives.prize_point o
                        where o.district_id = p.district_id and o.prize_id = p.prize_id and o.place_id <> s.place_id and o.supplied <> 0)
                    else s.place_id = $10 end
            on conflict on constraint redemption_id_unique do nothing
            returning r),
        settled as (select incentives.settle(array_agg(e.r), $9) from reserved e),
        given as materialized (
            select incentives.give_voucher(jsonb_populate_record(null::incentives.redemption, jsonb_build_object(
                'district_id', $1::uuid, 'redemption_id', $2::uuid, 'person_id', $3::uuid, 'prize_id', p.prize_id,
                'quantity', $5::bigint, 'created_at', $8::timestamptz)), $9) as r
            from incentives.prize p where p.district_id = $1 and p.prize_id = $4 and p.active and p.kind = 'VOUCHER'),
        e as (
            select r from reserved
            union all
            select g.r from given g where (g.r).redemption_id is not null)
        select (e.r).redemption_id as "redemption_id!", (e.r).person_id as "person_id!", (e.r).prize_id as "prize_id!",
            (e.r).prize_name as "prize_name!", (e.r).quantity as "quantity!", (e.r).points as "points!",
            (e.r).state as "state!: State", (e.r).code_sealed as "code_sealed!", l.name as pickup_place_name,
            l.path as pickup_place_path, l.place_id as pickup_place_id, (e.r).created_at as "created_at!", (e.r).expires_at as "expires_at!",
            (e.r).ended_at as "ended_at", (e.r).handed_over_by as "handed_over_by", (e.r).handed_over_at as "handed_over_at",
            (e.r).kind as "kind!: Kind", (e.r).valid_until as "valid_until"
        from e cross join settled
        join incentives.place l on l.district_id = $1 and l.place_id = (e.r).pickup_place_id"#,
        asked.district_id,
        wanted.redemption_id,
        asked.person_id,
        wanted.prize_id,
        wanted.quantity,
        code.sealed,
        code.blind,
        asked.now,
        asked.traceparent,
        wanted.pickup_place_id
    )
    .fetch_optional(pool)
    .await
}

/// Gives stock and points of the person's reservation back; nothing where there is none.
pub async fn cancel(pool: &PgPool, asked: &Asked, redemption_id: Uuid) -> sqlx::Result<Option<Redemption>> {
    sqlx::query_as!(
        Redemption,
        r#"with e as (
            update incentives.redemption r set state = 'CANCELLED', ended_at = $4
            where r.district_id = $1 and r.redemption_id = $2 and r.person_id = $3 and r.state = 'RESERVED'
                and r.expires_at > $4
            returning r),
        settled as (select incentives.settle(array_agg(e.r), $5) from e)
        select (e.r).redemption_id as "redemption_id!", (e.r).person_id as "person_id!", (e.r).prize_id as "prize_id!",
            (e.r).prize_name as "prize_name!", (e.r).quantity as "quantity!", (e.r).points as "points!",
            (e.r).state as "state!: State", (e.r).code_sealed as "code_sealed!", l.name as pickup_place_name,
            l.path as pickup_place_path, l.place_id as pickup_place_id, (e.r).created_at as "created_at!", (e.r).expires_at as "expires_at!",
            (e.r).ended_at as "ended_at", (e.r).handed_over_by as "handed_over_by", (e.r).handed_over_at as "handed_over_at",
            (e.r).kind as "kind!: Kind", (e.r).valid_until as "valid_until"
        from e cross join settled
        join incentives.place l on l.district_id = $1 and l.place_id = (e.r).pickup_place_id"#,
        asked.district_id,
        redemption_id,
        asked.person_id,
        asked.now,
        asked.traceparent
    )
    .fetch_optional(pool)
    .await
}

/// Ends as handed over what another person had reserved under this code when it happened, where its pick-up point lies in one of
/// the places; else nothing. Where its hold has run out or was cancelled since, points and pieces are taken again; what is missing breaks
/// `stock_not_negative` or `balance_not_negative`.
pub async fn hand_over(
    pool: &PgPool,
    asked: &Asked,
    code_blinds: &[Vec<u8>],
    happened: DateTime<Utc>,
    places: &[String],
) -> sqlx::Result<Option<Redemption>> {
    sqlx::query_as!(
        Redemption,
        r#"with found as (
            -- of two who had the code at that time by a clock that is off, the one who had it for sure
            select r.redemption_id from incentives.redemption r
            where r.district_id = $1 and r.code_blind = any($3) and r.created_at <= $8 and r.expires_at > $7
                and coalesce(r.ended_at > $7, true)
            order by r.created_at <= $7 desc, r.created_at desc limit 1),
        e as (
            update incentives.redemption r set state = 'HANDED_OVER', ended_at = $4, handed_over_by = $2,
                handed_over_at = greatest(r.created_at, $7), held = r.state = 'RESERVED'
            from found f cross join incentives.place l
            where r.district_id = $1 and r.redemption_id = f.redemption_id and (r.state in ('RESERVED', 'EXPIRED') or r.state = 'CANCELLED' and r.ended_at > $7)
                and r.person_id <> $2
                and l.district_id = r.district_id and l.place_id = r.pickup_place_id
                and exists (select from unnest($5::text[]) p (path) where starts_with(l.path || '.', p.path || '.'))
            returning r),
        settled as (select incentives.settle(array_agg(e.r), $6) from e),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $4, $2, $9, 'HAND_OVER', (e.r).redemption_id, jsonb_build_object('prize', (e.r).prize_name,
                'quantity', (e.r).quantity, 'place_id', (e.r).pickup_place_id, 'handed_over_at', (e.r).handed_over_at) from e)
        select (e.r).redemption_id as "redemption_id!", (e.r).person_id as "person_id!", (e.r).prize_id as "prize_id!",
            (e.r).prize_name as "prize_name!", (e.r).quantity as "quantity!", (e.r).points as "points!",
            (e.r).state as "state!: State", (e.r).code_sealed as "code_sealed!", l.name as pickup_place_name,
            l.path as pickup_place_path, l.place_id as pickup_place_id, (e.r).created_at as "created_at!", (e.r).expires_at as "expires_at!",
            (e.r).ended_at as "ended_at", (e.r).handed_over_by as "handed_over_by", (e.r).handed_over_at as "handed_over_at",
            (e.r).kind as "kind!: Kind", (e.r).valid_until as "valid_until"
        from e cross join settled
        join incentives.place l on l.district_id = $1 and l.place_id = (e.r).pickup_place_id"#,
        asked.district_id,
        asked.person_id,
        code_blinds,
        asked.now,
        places,
        asked.traceparent,
        happened,
        happened + CLOCK_SLACK,
        asked.role
    )
    .fetch_optional(pool)
    .await
}

/// Ends a batch of what is due, oldest first; what another sweeper holds is left to it. Answers how many.
pub async fn expire(pool: &PgPool, now: DateTime<Utc>, limit: i64, traceparent: &str) -> sqlx::Result<usize> {
    let ended = sqlx::query_scalar!(
        r#"with due as (
            select district_id, redemption_id from incentives.redemption
            where state = 'RESERVED' and expires_at <= $1 order by expires_at limit $2 for update skip locked),
        e as (
            update incentives.redemption r set state = 'EXPIRED', ended_at = $1
            from due where r.district_id = due.district_id and r.redemption_id = due.redemption_id and r.state = 'RESERVED'
            returning r),
        settled as (select incentives.settle(array_agg(e.r), $3) from e)
        select count(*) as "count!" from e cross join settled"#,
        now,
        limit,
        traceparent
    );
    Ok(usize::try_from(ended.fetch_one(pool).await?).unwrap_or(0))
}

/// When the next reservation is due.
pub async fn next_due(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select min(expires_at) from incentives.redemption where state = 'RESERVED'")
        .fetch_one(pool)
        .await
}

/// One redemption of the district.
pub async fn find(pool: &PgPool, district_id: Uuid, redemption_id: Uuid) -> sqlx::Result<Option<Redemption>> {
    sqlx::query_as!(
        Redemption,
        r#"select r.redemption_id, r.person_id, r.prize_id, r.prize_name, r.quantity, r.points,
            r.state as "state!: State", r.code_sealed, l.name as pickup_place_name, l.path as pickup_place_path, l.place_id as pickup_place_id,
            r.created_at, r.expires_at, r.ended_at, r.handed_over_by, r.handed_over_at, r.kind as "kind: Kind", r.valid_until
        from incentives.redemption r
        join incentives.place l on l.district_id = r.district_id and l.place_id = r.pickup_place_id
        where r.district_id = $1 and r.redemption_id = $2"#,
        district_id,
        redemption_id
    )
    .fetch_optional(pool)
    .await
}

/// What had this code when it happened, else the reservation that has it, else the one that had it last and ended after `since`.
pub async fn find_by_code(
    pool: &PgPool,
    district_id: Uuid,
    code_blinds: &[Vec<u8>],
    (happened, since): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Option<Redemption>> {
    sqlx::query_as!(
        Redemption,
        r#"select r.redemption_id, r.person_id, r.prize_id, r.prize_name, r.quantity, r.points,
            r.state as "state!: State", r.code_sealed, l.name as pickup_place_name, l.path as pickup_place_path, l.place_id as pickup_place_id,
            r.created_at, r.expires_at, r.ended_at, r.handed_over_by, r.handed_over_at, r.kind as "kind: Kind", r.valid_until
        from incentives.redemption r
        join incentives.place l on l.district_id = r.district_id and l.place_id = r.pickup_place_id
        cross join lateral (select r.created_at <= $5 and r.expires_at > $4 and coalesce(r.ended_at >= $4, true) as had_it) at_that_time
        where r.district_id = $1 and r.code_blind = any($2) and (r.state = 'RESERVED' or r.ended_at > $3 or at_that_time.had_it)
        order by at_that_time.had_it desc, r.created_at <= $4 desc, r.ended_at desc nulls first limit 1"#,
        district_id,
        code_blinds,
        since,
        happened,
        happened + CLOCK_SLACK
    )
    .fetch_optional(pool)
    .await
}

/// A person's redemptions, newest first, below a position of time and id.
pub async fn list(
    pool: &PgPool,
    district_id: Uuid,
    person_id: Uuid,
    below: (DateTime<Utc>, Uuid),
    limit: i64,
) -> sqlx::Result<Vec<Redemption>> {
    sqlx::query_as!(
        Redemption,
        r#"select r.redemption_id, r.person_id, r.prize_id, r.prize_name, r.quantity, r.points,
            r.state as "state!: State", r.code_sealed, l.name as pickup_place_name, l.path as pickup_place_path, l.place_id as pickup_place_id,
            r.created_at, r.expires_at, r.ended_at, r.handed_over_by, r.handed_over_at, r.kind as "kind: Kind", r.valid_until
        from incentives.redemption r
        join incentives.place l on l.district_id = r.district_id and l.place_id = r.pickup_place_id
        where r.district_id = $1 and r.person_id = $2 and (r.created_at, r.redemption_id) < ($3, $4)
        order by r.created_at desc, r.redemption_id desc limit $5"#,
        district_id,
        person_id,
        below.0,
        below.1,
        limit
    )
    .fetch_all(pool)
    .await
}
