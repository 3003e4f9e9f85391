//! Points: every transfer, hold and award.
use std::collections::HashMap;

use anyhow::{Result, ensure};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Acknowledged, ledger, none};

/// Statements that list what must not be.
const WRONG: [(&str, &str); 2] = [
    (
        "a key with two effects",
        "select request_key, count(*)::text from incentives.transfer group by district_id, request_key having count(*) > 1",
    ),
    (
        "a courier's ticket without exactly one award in its right state",
        "select t.ticket_id::text, t.state, coalesce(a.state, 'none') from tickets.ticket t
         left join incentives.award a on a.district_id = t.district_id and a.ticket_id = t.ticket_id
         where t.reporter_role in ('courier', 'resident', 'home_observer') and (
             (t.state = 'POOL' and a.state is not null)
             or (t.state = any(array['CLAIMED', 'DISPATCHED', 'IN_PROGRESS', 'FEEDBACK']) and a.state is distinct from 'PENDING')
             or (t.state = 'CLOSED' and (a.state is null or a.state not in ('ACTIVE', 'HELD', 'REVERSED'))))",
    ),
];

/// The ledger is whole, nobody is awarded twice or forgotten, and what was given or undone is there once.
pub(super) async fn all(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    ledger(pool, "incentives").await?;
    // what `hemei ledger verify` looks at
    let chain = incentives::ledger::chain(pool).verify(|_| {}).await?;
    ensure!(chain.broken.is_none(), "the chain over the transfers is broken: {:?}", chain.broken);
    let differences = incentives::ledger::reconcile(pool).await?;
    ensure!(differences.is_empty(), "the ledger does not reconcile: {differences:?}");
    for (what, statement) in WRONG {
        none(pool, what, statement).await?;
    }
    grants(pool, acknowledged).await?;
    reversals(pool, acknowledged).await
}

/// Everybody in an activity got its points once.
async fn grants(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    let statement =
        "select activity_id, min(amount), max(amount), count(*), count(distinct person_id) from incentives.transfer
        where kind = 'GRANT' group by activity_id";
    let rows: Vec<(Uuid, i64, i64, i64, i64)> = sqlx::query_as(statement).fetch_all(pool).await?;
    let given: HashMap<_, _> =
        rows.into_iter().map(|(id, least, most, many, people)| (id, (least, most, many, people))).collect();
    for (activity, (points, people)) in &acknowledged.activities {
        let (wanted, found) = ((*points, *points, *people, *people), given.get(activity));
        ensure!(
            found == Some(&wanted),
            "activity {activity}: acknowledged {points} points to {people}, found {found:?}"
        );
    }
    ensure!(given.keys().all(|id| acknowledged.activities.contains_key(id)), "an activity that nobody was told of");
    Ok(())
}

async fn reversals(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    let statement = "select reverses, transfer_id from incentives.transfer where kind = 'REVERSE'";
    let rows: Vec<(i64, i64)> = sqlx::query_as(statement).fetch_all(pool).await?;
    let undone: HashMap<i64, i64> = rows.iter().copied().collect();
    ensure!(undone.len() == rows.len(), "a transfer that was undone twice");
    for (transfer, by) in &acknowledged.reversals {
        let found = undone.get(transfer);
        ensure!(found == Some(by), "transfer {transfer}: acknowledged as undone by {by}, found {found:?}");
    }
    ensure!(undone.keys().all(|id| acknowledged.reversals.contains_key(id)), "a reversal that nobody was told of");
    Ok(())
}
