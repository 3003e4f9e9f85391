//! Payouts as they stand, with their transfer.
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    payout::{Method, Payout, PayoutState},
    transfer::{Shown, TransferState},
};

/// Payouts of a district: one, or those in a state, beyond a position.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub payout_id: Option<Uuid>,
    pub state: Option<PayoutState>,
    pub batch_id: Option<Uuid>,
    pub beyond: Option<(DateTime<Utc>, Uuid)>,
}

/// A payout beside the transfer of its round.
struct Row {
    payout_id: Uuid,
    person_id: Uuid,
    person_name: String,
    month: String,
    rank: i32,
    gross_fen: i64,
    tax_fen: i64,
    net_fen: i64,
    state: PayoutState,
    method: Option<Method>,
    account_name: Option<String>,
    account_sealed: Option<Vec<u8>>,
    code_blind: Option<Vec<u8>>,
    batch_id: Option<Uuid>,
    signature_media_id: Option<Uuid>,
    reason: String,
    by_id: Option<Uuid>,
    ordered_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    transfer_state: Option<TransferState>,
    mch_id: Option<String>,
    app_id: Option<String>,
    package_sealed: Option<Vec<u8>>,
    confirm_by: Option<DateTime<Utc>>,
    cancel_asked: bool,
}

/// Reads payouts as they are seen, by what follows the joins.
macro_rules! seen {
    ($which:tt, $($bound:expr),+) => {
        sqlx::query_as!(
            Row,
            r#"select p.payout_id, p.person_id, coalesce(n.name, '') as "person_name!", p.month, p.rank, p.gross_fen, p.tax_fen,
                p.net_fen as "net_fen!", p.state as "state!: PayoutState", p.method as "method: Method", p.account_name,
                p.account_sealed, p.code_blind, p.batch_id, p.signature_media_id, p.reason, p.by_id, p.ordered_at, p.changed_at,
                t.state as "transfer_state?: TransferState", t.mch_id as "mch_id?", t.app_id as "app_id?",
                t.package_sealed as "package_sealed?", t.confirm_by as "confirm_by?",
                t.cancel_asked_at is not null as "cancel_asked!"
            from finance.payout p
            left join finance.person n on n.district_id = p.district_id and n.person_id = p.person_id
            left join finance.wechat_transfer t on t.district_id = p.district_id and t.payout_id = p.payout_id and t.round = p.round
            "# + $which,
            $($bound),+
        )
    };
}

/// At most so many, oldest first.
pub async fn list(
    executor: impl sqlx::PgExecutor<'_>,
    district_id: Uuid,
    wanted: &Wanted,
    limit: i64,
) -> sqlx::Result<Vec<Payout>> {
    let (at, id) = wanted.beyond.unzip();
    let rows = seen!(
        "where p.district_id = $1 and ($2::uuid is null or p.payout_id = $2)
            and ($3::text is null or p.state = $3) and ($4::uuid is null or p.batch_id = $4)
            and ($5::timestamptz is null or (p.ordered_at, p.payout_id) > ($5, $6))
        order by p.ordered_at, p.payout_id limit $7",
        district_id,
        wanted.payout_id,
        wanted.state as Option<PayoutState>,
        wanted.batch_id,
        at,
        id,
        limit
    );
    Ok(rows.fetch_all(executor).await?.into_iter().map(payout).collect())
}

/// A person's payouts, newest first, below a position.
pub async fn list_of(
    pool: &sqlx::PgPool,
    (district_id, person_id): (Uuid, Uuid),
    below: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> sqlx::Result<Vec<Payout>> {
    let (at, id) = below.unzip();
    let rows = seen!(
        "where p.district_id = $1 and p.person_id = $2 and ($3::timestamptz is null or (p.ordered_at, p.payout_id) < ($3, $4))
        order by p.ordered_at desc, p.payout_id desc limit $5",
        district_id,
        person_id,
        at,
        id,
        limit
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(payout).collect())
}

fn payout(row: Row) -> Payout {
    let (package_sealed, confirm_by) = (row.package_sealed, row.confirm_by);
    let merchant = row.mch_id.zip(row.app_id);
    let transfer = row.transfer_state.zip(merchant).map(|(state, (mch_id, app_id))| Shown {
        state,
        mch_id,
        app_id,
        package_sealed,
        confirm_by,
        cancel_asked: row.cancel_asked,
    });
    Payout {
        payout_id: row.payout_id,
        person_id: row.person_id,
        person_name: row.person_name,
        month: row.month,
        rank: row.rank,
        gross_fen: row.gross_fen,
        tax_fen: row.tax_fen,
        net_fen: row.net_fen,
        state: row.state,
        method: row.method,
        account_name: row.account_name,
        account_sealed: row.account_sealed,
        code_blind: row.code_blind,
        transfer,
        batch_id: row.batch_id,
        signature_media_id: row.signature_media_id,
        reason: row.reason,
        by_id: row.by_id,
        ordered_at: row.ordered_at,
        changed_at: row.changed_at,
    }
}
