//! Whether the ledger is whole: its hash chain, and everything recomputed from what it stands for.
use chassis::{chain::Chain, faults::Fault};
use sqlx::PgPool;

use crate::store::{self, ledger::Difference};

/// The chain over the transfers.
pub fn chain(pool: &PgPool) -> Chain {
    Chain { pool: pool.clone(), schema: crate::SCHEMA, table: "transfer", id: "transfer_id" }
}

/// All that is not what the rows it stands for give: balances, what holds them, awards and shares against the tickets as they
/// were heard of, scores, how often points moved, stock.
pub async fn reconcile(pool: &PgPool) -> Result<Vec<Difference>, Fault> {
    let mut found = store::ledger::accounts(pool).await?;
    found.extend(store::books::awards(pool).await?);
    found.extend(store::books::shares(pool).await?);
    found.extend(store::books::scores(pool).await?);
    found.extend(store::books::moves(pool).await?);
    found.extend(store::books::prizes(pool).await?);
    found.extend(store::books::shelves(pool).await?);
    Ok(found)
}
