//! The ledger as a whole.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::points::Balances;

/// Something that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub district_id: Uuid,
    /// The member, ticket, prize or redemption it is about.
    pub subject_id: Uuid,
    /// What differs, by a name of its own.
    pub what: String,
    pub kept: String,
    pub told: String,
}

/// Members whose AVAILABLE, PENDING or RESERVED, or its number of transfers, is not what the transfers give; whose AWARDS are not the
/// pending points, LOTS not what is available, REDEMPTIONS not what is reserved. At most 1,000.
pub async fn accounts(pool: &PgPool) -> sqlx::Result<Vec<Difference>> {
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
        ), stands as (
            select district_id, person_id as owner_id, 'PENDING' as purpose, points from incentives.award
            where state in ('PENDING', 'HELD')
            union all
            select district_id, person_id, 'AVAILABLE', remaining from incentives.lot
            union all
            select district_id, person_id, 'RESERVED', points from incentives.redemption where state = 'RESERVED'
        ), held as (
            select district_id, owner_id, purpose, sum(points)::int8 as points from stands group by 1, 2, 3
        )
        select district_id as "district_id!", owner_id as "subject_id!", purpose as "what!", coalesce(a.posted, 0)::text as "kept!",
            coalesce(t.posted, 0)::text as "told!"
        from incentives.account a full join told t using (district_id, owner_id, purpose)
        where coalesce(a.posted, 0) <> coalesce(t.posted, 0) or coalesce(a.version, 0) <> coalesce(t.many, 0)
            or coalesce(t.last, 0) <> coalesce(t.many, 0)
        union all
        select district_id, owner_id, case purpose when 'PENDING' then 'AWARDS' when 'AVAILABLE' then 'LOTS' else 'REDEMPTIONS' end,
            coalesce(h.points, 0)::text, coalesce(a.posted, 0)::text
        from incentives.account a full join held h using (district_id, owner_id, purpose)
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
