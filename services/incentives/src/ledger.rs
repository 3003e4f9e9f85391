//! Whether the ledger is whole: its hash chain, and every balance recomputed from the transfers.
use chassis::{chain::Chain, faults::Fault};
use sqlx::PgPool;

use crate::store::{self, ledger::Difference};

/// The chain over the transfers.
pub fn chain(pool: &PgPool) -> Chain {
    Chain { pool: pool.clone(), schema: crate::SCHEMA, table: "transfer", id: "transfer_id" }
}

/// Every account whose balance or count is not what its transfers give, and every member whose pending points are not those of
/// their pending awards.
pub async fn reconcile(pool: &PgPool) -> Result<Vec<Difference>, Fault> {
    Ok(store::ledger::differences(pool).await?)
}
