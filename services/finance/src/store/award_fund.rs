//! The award fund.
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::audit::{self, Actor};
use crate::payout::AwardFund;

/// What the fund holds and has paid, beside what the payouts say.
pub async fn get(pool: &PgPool, district_id: Uuid) -> sqlx::Result<AwardFund> {
    sqlx::query_as!(
        AwardFund,
        r#"with fund as (select * from finance.award_fund where district_id = $1),
        held as (
            select coalesce(sum(a.posted) filter (where a.purpose = 'AVAILABLE'), 0)::bigint as available,
                coalesce(sum(a.posted) filter (where a.purpose = 'HELD'), 0)::bigint as held
            from fund f join finance.account a on a.district_id = f.district_id and a.owner_id = f.fund_id),
        told as (
            select coalesce(sum(p.gross_fen) filter (where p.state in ('READY', 'SENT')), 0)::bigint as held,
                coalesce(sum(p.gross_fen) filter (where p.state = 'WAITING'), 0)::bigint as waiting,
                coalesce(sum(p.net_fen) filter (where p.state = 'PAID'), 0)::bigint as paid,
                coalesce(sum(p.tax_fen) filter (where p.state = 'PAID'), 0)::bigint as tax
            from finance.payout p where p.district_id = $1)
        select h.available as "available_fen!", h.held as "held_fen!", t.paid as "paid_fen!", t.tax as "tax_fen!",
            t.waiting as "waiting_fen!", coalesce((select f.tax_percent from fund f), 0) as "tax_percent!",
            h.held - t.held as "difference_fen!"
        from held h cross join told t"#,
        district_id
    )
    .fetch_one(pool)
    .await
}

/// Adds to the budget and holds money for those who wait. The same id at any time breaks `transfer_once`.
pub async fn add(pool: &PgPool, by: &Actor, (entry_id, amount_fen, text): (Uuid, i64, &str)) -> sqlx::Result<()> {
    let district_id = by.district_id;
    let mut transaction = chassis::db::begin(pool).await?;
    lock(&mut transaction, &[district_id]).await?;
    sqlx::query_scalar!(
        "select finance.move(array[row(f.district_id, f.fund_id, 'BUDGET', $3, 'OUTSIDE', 'AVAILABLE', $2, $4, null, $5, $6)
            ::finance.movement]) is null as moved from finance.award_fund f where f.district_id = $1",
        district_id,
        entry_id,
        amount_fen,
        text,
        by.person_id,
        by.at
    )
    .fetch_one(&mut *transaction)
    .await?;
    sqlx::query_scalar!("select finance.hold_waiting($1, $2)", district_id, by.at).fetch_one(&mut *transaction).await?;
    let detail = json!({"amount_fen": amount_fen, "text": text});
    audit::keep(&mut transaction, by, ("ADD_BUDGET", entry_id), detail).await?;
    transaction.commit().await
}

/// Whether this is what added under an id.
pub async fn is_added(
    pool: &PgPool,
    district_id: Uuid,
    (entry_id, amount_fen, text): (Uuid, i64, &str),
    by: Uuid,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from finance.transfer where district_id = $1 and entry_id = $2 and kind = 'BUDGET' and amount = $3
            and text = $4 and recorded_by = $5) as "same!""#,
        district_id,
        entry_id,
        amount_fen,
        text,
        by
    )
    .fetch_one(pool)
    .await
}

/// Sets what is kept back from awards ordered from now on; what changes nothing is no act.
pub async fn put_tax(pool: &PgPool, by: &Actor, tax_percent: i32) -> sqlx::Result<()> {
    let mut transaction = chassis::db::begin(pool).await?;
    let put = sqlx::query_scalar!(
        "insert into finance.award_fund as f (district_id, tax_percent) values ($1, $2)
        on conflict on constraint award_fund_key do update set tax_percent = excluded.tax_percent
            where f.tax_percent <> excluded.tax_percent
        returning fund_id",
        by.district_id,
        tax_percent
    );
    if let Some(fund) = put.fetch_optional(&mut *transaction).await? {
        let detail = json!({"tax_percent": tax_percent});
        audit::keep(&mut transaction, by, ("PUT_AWARD_TAX", fund), detail).await?;
    }
    transaction.commit().await
}

/// Makes sure that districts have a fund, and takes their turn: whoever moves payouts or their money holds the fund first, so that
/// nobody waits for another in a circle.
pub async fn lock(connection: &mut sqlx::PgConnection, districts: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into finance.award_fund (district_id) select distinct d from unnest($1::uuid[]) d order by 1
        on conflict on constraint award_fund_key do nothing",
        districts
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "select 1 as one from finance.award_fund where district_id = any($1) order by district_id for update",
        districts
    )
    .fetch_all(connection)
    .await
    .map(drop)
}
