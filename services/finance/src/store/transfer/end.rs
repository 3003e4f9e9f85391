//! How transfers end, with their payouts and their money.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    store,
    transfer::{Open, TransferState},
};

/// How a transfer ended.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    pub state: TransferState,
    pub transfer_bill_no: &'a str,
    pub fail_reason: &'a str,
    pub now: DateTime<Utc>,
}

/// Ends a transfer once, with its payout and its money; false where it had ended before.
pub async fn finish(pool: &PgPool, open: &Open, end: End<'_>) -> sqlx::Result<bool> {
    let mut transaction = chassis::db::begin(pool).await?;
    store::award_fund::lock(&mut transaction, &[open.district_id]).await?;
    let ended = sqlx::query!(
        "update finance.wechat_transfer t set state = $2, transfer_bill_no = coalesce(nullif($3, ''), t.transfer_bill_no),
            fail_reason = $4, next_at = null, request_sealed = null, package_sealed = null, changed_at = $5
        where t.out_bill_no = $1 and t.next_at is not null
        returning t.cancel_asked_by, t.cancel_reason, t.refusal",
        open.out_bill_no,
        end.state as TransferState,
        end.transfer_bill_no,
        end.fail_reason,
        end.now
    );
    let Some(ended) = ended.fetch_optional(&mut *transaction).await? else { return Ok(false) };
    // somebody may have taken it back since it was looked at
    let open = &Open {
        cancel_asked_by: ended.cancel_asked_by,
        cancel_reason: ended.cancel_reason,
        refusal: ended.refusal,
        ..open.clone()
    };
    let payout = (open.district_id, open.payout_id, open.round);
    let paid = end.state == TransferState::Success;
    if settle(&mut transaction, open, paid, &end).await? != 1 {
        // nothing is written: the transfer stays open, and is looked at again
        return Err(sqlx::Error::RowNotFound);
    }
    if !paid {
        offer(&mut transaction, payout, end.now).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

async fn settle(connection: &mut sqlx::PgConnection, open: &Open, paid: bool, end: &End<'_>) -> sqlx::Result<i64> {
    let reason = if paid { String::new() } else { open.why(end.state, end.fail_reason) };
    sqlx::query_scalar!(
        r#"with e as (
            update finance.payout p set state = case when $4 then 'PAID' else 'RETURNED' end, reason = $5,
                method = case when $4 then p.method end, openid_sealed = null, code_blind = null, by_id = $7, changed_at = $6
            where p.district_id = $1 and p.payout_id = $2 and p.round = $3 and p.state = 'SENT' and p.method = 'WECHAT'
            returning p),
        settled as (select finance.settle_payouts(array_agg(e.p)) from e)
        select count(*) as "many!" from e cross join settled"#,
        open.district_id,
        open.payout_id,
        open.round,
        paid,
        reason,
        end.now,
        open.cancelled_by(end.state)
    )
    .fetch_one(connection)
    .await
}

/// Offers what came back at once: it waits in its old place, and is ready where there is money.
async fn offer(
    connection: &mut sqlx::PgConnection,
    (district_id, payout_id, round): (Uuid, Uuid, i32),
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update finance.payout set state = 'WAITING' where district_id = $1 and payout_id = $2 and round = $3 and state = 'RETURNED'",
        district_id,
        payout_id,
        round
    )
    .execute(&mut *connection)
    .await?;
    let held = sqlx::query_scalar!("select finance.hold_waiting($1, $2)", district_id, now);
    held.fetch_one(connection).await.map(drop)
}
