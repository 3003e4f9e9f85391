//! The feeds between the services, as they stand in a database.
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, PgPool};

/// A listener that hears nothing new for so long stands still.
const STILL: Duration = Duration::from_secs(20);

/// Waits until every feed is heard to its end, for as long as its listener goes on.
pub async fn quiet(pool: &PgPool) -> Result<()> {
    let pairs = [
        ("incentives", "tickets"),
        ("incentives", "residents"),
        ("tickets", "residents"),
        ("tickets", "incentives"),
        ("tickets", "finance"),
        ("finance", "residents"),
        ("finance", "incentives"),
    ];
    for (listener, producer) in pairs {
        let statement = format!(
            "select s.tx::text || '/' || s.event_id,
                not exists (select from {producer}.outbox o where (o.tx, o.event_id) > (s.tx, s.event_id))
             from {listener}.subscription s where s.producer = '{producer}'"
        );
        let mut heard = None;
        let mut moved = Instant::now();
        loop {
            let now: Option<(String, bool)> =
                sqlx::query_as(AssertSqlSafe(statement.clone())).fetch_optional(pool).await?;
            if now.as_ref().is_some_and(|(_, all)| *all) {
                break;
            }
            if now != heard {
                (heard, moved) = (now, Instant::now());
            }
            ensure!(
                moved.elapsed() < STILL,
                "{listener} has heard nothing of {producer} for {STILL:?}, only {heard:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}
