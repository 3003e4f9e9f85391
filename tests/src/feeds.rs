//! The feeds between the services, as they stand in a database.
use anyhow::Result;
use sqlx::{AssertSqlSafe, PgPool};

use crate::retry;

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
        let look = async || {
            let heard: Option<(String, bool)> =
                sqlx::query_as(AssertSqlSafe(statement.clone())).fetch_optional(pool).await?;
            let all = heard.as_ref().is_some_and(|(_, all)| *all);
            Ok((heard, all))
        };
        retry::while_moving(&format!("{listener} hears {producer}"), look).await?;
    }
    Ok(())
}
