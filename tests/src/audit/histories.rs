//! Tickets: their histories, and what the other services know.
use std::collections::HashMap;

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::{Acknowledged, none};

/// The histories are whole, what was acknowledged stands in them, and the others know of residents what residents knows.
pub(super) async fn all(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    histories(pool).await?;
    told(pool, acknowledged).await?;
    projections(pool).await
}

/// Every ticket's history is gap-free, legal, told once, and ends where the ticket stands.
async fn histories(pool: &PgPool) -> Result<()> {
    none(
        pool,
        "a history with a gap, or one that ends elsewhere than its ticket",
        "select t.ticket_id::text, t.state, t.version::text, e.last_state from tickets.ticket t left join lateral (
             select count(*) as events, max(sequence) as last, (array_agg(to_state order by sequence desc))[1] as last_state
             from tickets.event e where e.district_id = t.district_id and e.ticket_id = t.ticket_id) e on true
         where e.events is distinct from t.version or e.last is distinct from t.version or e.last_state is distinct from t.state",
    )
    .await?;
    none(
        pool,
        "a history that jumps",
        "select ticket_id::text, sequence::text, from_state, before from (
             select *, lag(to_state, 1, '') over (partition by district_id, ticket_id order by sequence) as before from tickets.event
         ) e where sequence > 1 and from_state <> before",
    )
    .await?;
    none(
        pool,
        "an event that was not told exactly once",
        "select e.ticket_id::text, e.sequence::text, count(o.*)::text from tickets.event e
         left join tickets.outbox o on o.subject_id = e.ticket_id and (o.payload->>'sequence')::bigint = e.sequence
         group by 1, 2 having count(o.*) <> 1",
    )
    .await?;
    none(
        pool,
        "an open ticket without its deadline",
        "select ticket_id::text, state from tickets.ticket
         where (state in ('CLOSED', 'INVALID', 'MERGED', 'WITHDRAWN')) <> (due_at is null)
             or due_at is distinct from (select min((d->>'due_at')::timestamptz) from jsonb_array_elements(timers) d)",
    )
    .await?;
    for schema in ["residents", "tickets", "incentives", "finance"] {
        let statement = format!("select count(*) from {schema}.dead_letter");
        let dead: i64 = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(pool).await?;
        ensure!(dead == 0, "{schema} has {dead} dead letters");
    }
    Ok(())
}

/// What the others know of residents is what residents has.
async fn projections(pool: &PgPool) -> Result<()> {
    let wrong = "a projection that is not its source";
    none(
        pool,
        wrong,
        "select p.path, p.name from residents.place p left join tickets.place t using (district_id, place_id)
         where p.level <= 5 and (t.path, t.name) is distinct from (p.path, p.name)",
    )
    .await?;
    none(
        pool,
        wrong,
        "select p.path, p.name from residents.place p left join finance.fund f using (district_id, place_id)
         where p.level = 4 and (f.path, f.name) is distinct from (p.path, p.name)",
    )
    .await?;
    none(pool, wrong,
        "select d.name, t.name from residents.department d left join tickets.department t using (district_id, department_id)
         where t.name is distinct from d.name").await
}

/// What was acknowledged of the tickets stands in their histories, once.
async fn told(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    let statement = "select ticket_id, array_agg(transition order by sequence) from tickets.event group by 1";
    let rows: Vec<(Uuid, Vec<String>)> = sqlx::query_as(statement).fetch_all(pool).await?;
    let found: HashMap<Uuid, Vec<String>> = rows.into_iter().collect();
    for (ticket, steps) in &acknowledged.tickets {
        let rows = found.get(ticket).map(Vec::as_slice).unwrap_or_default();
        for step in steps {
            let wanted = match *step {
                "report" => "T1",
                "claim" => "T2",
                "dispatch" => "T6",
                "accept" => "T9",
                "resolve" => "T14",
                _ => "T19",
            };
            let count = rows.iter().filter(|row| *row == wanted || (wanted == "T2" && *row == "T3b")).count();
            ensure!(count == 1, "ticket {ticket}: {step} was acknowledged, {wanted} stands {count} times in {rows:?}");
        }
    }
    Ok(())
}
