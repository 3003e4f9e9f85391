//! The connection pool of one process.
use std::{io, str::FromStr, time::Duration};

use sqlx::{
    PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{config::Settings, faults::Fault};

/// How a role speaks to PostgreSQL. Transactions are kept short by the server, because the oldest open one holds back every
/// feed. Every statement is planned once a connection: the hot ones take their batches as arrays, and planning them anew for
/// each array costs more than carrying them out.
pub fn options(url: &str, role: &str) -> Result<PgConnectOptions, Fault> {
    Ok(PgConnectOptions::from_str(url)?.application_name(role).options([
        ("TimeZone", "UTC"),
        ("statement_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("plan_cache_mode", "force_generic_plan"),
    ]))
}

/// Opens the pool lazily: a service starts while its database is still starting.
pub fn pool(settings: &Settings, role: &str) -> Result<PgPool, Fault> {
    let options = options(&settings.database_url, role)?;
    // A broken connection fails its next statement and is replaced; asking before every statement would double the round trips.
    let pool = PgPoolOptions::new()
        .max_connections(settings.database_connections)
        .acquire_timeout(Duration::from_secs(3))
        .test_before_acquire(false);
    Ok(pool.connect_lazy_with(options))
}

/// Begins a transaction. Whoever asks may give up at any moment. While they wait for a connection nothing has begun, and the wait ends
/// with them. But a `begin` that is dropped half-way leaves its connection in the pool with a transaction that nobody ends: what others
/// then do in it is answered and never committed. So that runs on by itself, and what nobody waits for any more is rolled back.
pub async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let connection = pool.acquire().await?;
    let begun = tokio::spawn(Transaction::begin(connection, None));
    begun.await.unwrap_or_else(|stopped| Err(sqlx::Error::Io(io::Error::other(stopped))))
}
