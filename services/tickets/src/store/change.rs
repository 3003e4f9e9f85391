//! The hot transition: decided changes of tickets, a batch at a time.
use std::{collections::HashMap, mem};

use serde_json::Value;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{decide::Change, ticket::Ticket};

/// The text of [`apply`], for those who measure it.
pub const APPLY: &str = include_str!("apply.sql");

/// Whether changes may be written one without the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// Each for itself.
    No,
    /// All or none.
    All,
}

/// Writes the changes of rows that still are what they were decided on, each with its event and outbox row. A ticket is
/// among them once. Answers the rows that were written; the others have moved.
pub async fn apply<'e>(
    executor: impl PgExecutor<'e>,
    mut changes: Vec<Change>,
    together: Together,
) -> sqlx::Result<HashMap<Uuid, Ticket>> {
    fn all<'a, T>(changes: &'a [Change], column: impl Fn(&'a Change) -> T) -> Vec<T> {
        changes.iter().map(column).collect()
    }
    let facts: Vec<Value> = changes.iter_mut().map(|change| mem::take(&mut change.facts)).collect();
    let told: Vec<Value> = changes.iter_mut().map(|change| mem::take(&mut change.told)).collect();
    let needed = if together == Together::All { i64::try_from(changes.len()).unwrap_or(i64::MAX) } else { 0 };
    let written = sqlx::query_file!(
        "src/store/apply.sql",
        &all(&changes, |c| c.after.district_id),
        &all(&changes, |c| c.after.ticket_id),
        &all(&changes, |c| c.version),
        &facts,
        &all(&changes, |c| c.transition) as _,
        &all(&changes, |c| c.from_state.as_str()) as _,
        &all(&changes, |c| c.after.state.as_str()) as _,
        &all(&changes, |c| c.at),
        &all(&changes, |c| c.actor_id) as _,
        &all(&changes, |c| c.actor_role.as_str()) as _,
        &all(&changes, |c| c.timer) as _,
        &all(&changes, |c| c.text.as_str()) as _,
        &all(&changes, |c| c.body_hash.clone()),
        &all(&changes, |c| c.moves),
        &told,
        &all(&changes, |c| c.traceparent.as_str()) as _,
        needed,
    )
    .fetch_all(executor)
    .await?;
    let mut after: HashMap<Uuid, Ticket> =
        changes.into_iter().map(|change| (change.after.ticket_id, change.after)).collect();
    let named = written.into_iter().filter_map(|row| {
        let mut ticket = after.remove(&row.ticket_id)?;
        ticket.department_name = row.department_name;
        ticket.reporter_name = row.reporter_name;
        ticket.claimer_name = row.claimer_name;
        ticket.handler_name = row.handler_name;
        ticket.checker_name = row.checker_name;
        ticket.reporter_strikes = row.reporter_strikes;
        Some((ticket.ticket_id, ticket))
    });
    Ok(named.collect())
}
