//! The log of the staff's actions. Each is written by the statement of its effect: what is done once is logged once.
use chassis::chain::Chain;
use sqlx::PgPool;

/// The chain over the log.
pub fn chain(pool: &PgPool) -> Chain {
    Chain { pool: pool.clone(), schema: crate::SCHEMA, table: "audit", id: "audit_id" }
}
