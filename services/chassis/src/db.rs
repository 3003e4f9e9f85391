//! The connection pool of one process.
use std::{str::FromStr, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{config::Settings, faults::Fault};

/// Opens the pool lazily: a service starts while its database is still starting. Transactions are kept short by the server,
/// because the oldest open one holds back every feed.
pub fn pool(settings: &Settings, role: &str) -> Result<PgPool, Fault> {
    let options = PgConnectOptions::from_str(&settings.database_url)?.application_name(role).options([
        ("TimeZone", "UTC"),
        ("statement_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ]);
    // A broken connection fails its next statement and is replaced; asking before every statement would double the round trips.
    let pool = PgPoolOptions::new()
        .max_connections(settings.database_connections)
        .acquire_timeout(Duration::from_secs(3))
        .test_before_acquire(false);
    Ok(pool.connect_lazy_with(options))
}
