//! The ledger as a whole.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::points::Balances;

/// An account that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub district_id: Uuid,
    pub owner_id: Uuid,
    /// "AVAILABLE", "PENDING", "RESERVED"; "AWARDS" where the pending awards are not the pending points,
    /// "LOTS" where the lots do not hold what is available.
    pub purpose: String,
    pub kept: i64,
    pub told: i64,
}

/// The accounts whose balance, or whose number of transfers, is not what the transfers give; at most 1,000.
pub async fn differences(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_as!(
        Difference,
        r#"with legs as (
            select district_id, debit_owner_id as owner_id, debit_purpose as purpose, -amount as amount, debit_version as version
            from incentives.transfer where debit_version is not null
            union all
            select district_id, credit_owner_id, credit_purpose, amount, credit_version
            from incentives.transfer where credit_version is not null
        ), told as (
            select district_id, owner_id, purpose, sum(amount)::int8 as posted, count(*) as many, max(version) as last
            from legs group by 1, 2, 3
        ), pending as (
            select district_id, person_id as owner_id, sum(points)::int8 as points from incentives.award
            where state in ('PENDING', 'HELD') group by 1, 2
        ), held as (
            select district_id, person_id as owner_id, sum(remaining)::int8 as points from incentives.lot group by 1, 2
        )
        select district_id as "district_id!", owner_id as "owner_id!", purpose as "purpose!", coalesce(a.posted, 0) as "kept!",
            coalesce(t.posted, 0) as "told!"
        from incentives.account a full join told t using (district_id, owner_id, purpose)
        where coalesce(a.posted, 0) <> coalesce(t.posted, 0) or coalesce(a.version, 0) <> coalesce(t.many, 0)
            or coalesce(t.last, 0) <> coalesce(t.many, 0)
        union all
        select district_id, owner_id, 'AWARDS', coalesce(p.points, 0), coalesce(a.posted, 0)
        from (select * from incentives.account where purpose = 'PENDING') a full join pending p using (district_id, owner_id)
        where coalesce(a.posted, 0) <> coalesce(p.points, 0)
        union all
        select district_id, owner_id, 'LOTS', coalesce(h.points, 0), coalesce(a.posted, 0)
        from (select * from incentives.account where purpose = 'AVAILABLE') a full join held h using (district_id, owner_id)
        where coalesce(a.posted, 0) <> coalesce(h.points, 0)
        limit 1000"#
    )
    .fetch_all(pool)
    .await
}

/// What a member had at a time: the sum of what came and went until then. What happened earlier may be posted later, so no
/// transfer's balance tells it.
pub async fn balances_at(
    pool: &PgPool,
    district_id: Uuid,
    person_id: Uuid,
    at: DateTime<Utc>,
) -> sqlx::Result<Balances> {
    sqlx::query_as!(
        Balances,
        r#"select coalesce(sum(leg.amount) filter (where leg.purpose = 'AVAILABLE'), 0)::bigint as "available!",
            coalesce(sum(leg.amount) filter (where leg.purpose = 'PENDING'), 0)::bigint as "pending!",
            coalesce(sum(leg.amount) filter (where leg.purpose = 'RESERVED'), 0)::bigint as "reserved!"
        from incentives.transfer t
        cross join lateral (values (t.debit_purpose, -t.amount), (t.credit_purpose, t.amount)) leg (purpose, amount)
        where t.district_id = $1 and t.person_id = $2 and t.at <= $3"#,
        district_id,
        person_id,
        at
    )
    .fetch_one(pool)
    .await
}

/// The cheapest prize that is offered and in stock and costs more than so many points: its id, name and price.
pub async fn next_prize(pool: &PgPool, district_id: Uuid, above: i64) -> sqlx::Result<Option<(Uuid, String, i64)>> {
    let prize = sqlx::query!(
        "select prize_id, name, points from incentives.prize
        where district_id = $1 and points > $2 and stock > 0 and active order by points, name limit 1",
        district_id,
        above
    );
    Ok(prize.fetch_optional(pool).await?.map(|prize| (prize.prize_id, prize.name, prize.points)))
}
