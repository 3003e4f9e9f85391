//! What a member reads of the ledger.
use sqlx::PgPool;
use uuid::Uuid;

use crate::points::{Balances, Bucket, Entry};

/// A member's balances; zeros where nothing was ever posted.
pub async fn balances(pool: &PgPool, district_id: Uuid, person_id: Uuid) -> sqlx::Result<Balances> {
    sqlx::query_as!(
        Balances,
        r#"select coalesce(max(posted) filter (where purpose = 'AVAILABLE'), 0) as "available!",
            coalesce(max(posted) filter (where purpose = 'PENDING'), 0) as "pending!",
            coalesce(max(posted) filter (where purpose = 'RESERVED'), 0) as "reserved!"
        from incentives.account where district_id = $1 and owner_id = $2"#,
        district_id,
        person_id
    )
    .fetch_one(pool)
    .await
}

/// The member's legs, newest first, below a position of transfer and side.
pub async fn entries(
    pool: &PgPool,
    district_id: Uuid,
    person_id: Uuid,
    below: (i64, i32),
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"select t.transfer_id, leg.side as "side!", leg.purpose as "bucket!: Bucket", leg.amount as "amount!",
            leg.balance_after as "balance_after!", t.kind, t.text, t.ticket_id, t.redemption_id, t.activity_id, t.reverses, t.at
        from incentives.transfer t
        cross join lateral (values
            (0, t.debit_owner_id, t.debit_purpose, -t.amount, t.debit_balance_after),
            (1, t.credit_owner_id, t.credit_purpose, t.amount, t.credit_balance_after)
        ) leg (side, owner_id, purpose, amount, balance_after)
        where t.district_id = $1 and t.person_id = $2 and leg.owner_id = $2
            and t.transfer_id <= $3 and (t.transfer_id, leg.side) < ($3, $4)
        order by t.transfer_id desc, leg.side desc limit $5"#,
        district_id,
        person_id,
        below.0,
        below.1,
        limit
    )
    .fetch_all(pool)
    .await
}

/// The legs of what undid a transfer.
pub async fn reversal(pool: &PgPool, district_id: Uuid, reverses: i64) -> sqlx::Result<Option<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"select t.transfer_id, leg.side as "side!", leg.purpose as "bucket!: Bucket", leg.amount as "amount!",
            leg.balance_after as "balance_after!", t.kind, t.text, t.ticket_id, t.redemption_id, t.activity_id, t.reverses, t.at
        from incentives.transfer t
        cross join lateral (values
            (0, t.debit_owner_id, t.debit_purpose, -t.amount, t.debit_balance_after),
            (1, t.credit_owner_id, t.credit_purpose, t.amount, t.credit_balance_after)
        ) leg (side, owner_id, purpose, amount, balance_after)
        where t.district_id = $1 and t.reverses = $2 and leg.owner_id = t.person_id"#,
        district_id,
        reverses
    )
    .fetch_optional(pool)
    .await
}
