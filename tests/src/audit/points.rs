//! Points: every transfer, hold and award.
use std::collections::HashMap;

use anyhow::{Result, ensure};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Acknowledged, ledger, none};

/// Statements that list what must not be.
const WRONG: [(&str, &str); 9] = [
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
    (
        "an award whose points were not moved exactly once",
        "select a.ticket_id::text, a.state, count(t.*)::text from incentives.award a
         left join incentives.transfer t on t.district_id = a.district_id and t.ticket_id = a.ticket_id
         group by a.district_id, a.ticket_id, a.rule, a.state, a.round
         having count(t.*) <> 2 * a.round + case a.state when 'PENDING' then 1 when 'HELD' then 1 when 'REVERSED' then 3 else 2 end",
    ),
    (
        "a lot that is not what it brought without what was taken from it",
        "select l.lot_id::text, l.amount::text, l.remaining::text, sum(u.amount)::text from incentives.lot l
         join incentives.lot_use u on u.district_id = l.district_id and u.lot_id = l.lot_id
         group by l.district_id, l.person_id, l.lot_id having l.remaining <> l.amount - sum(u.amount)",
    ),
    (
        "a debit that did not take its points from lots",
        "select t.transfer_id::text, t.kind, t.amount::text, sum(u.amount)::text from incentives.transfer t
         left join incentives.lot_use u on u.district_id = t.district_id and u.transfer_id = t.transfer_id
         where t.debit_purpose = 'AVAILABLE'
         group by t.district_id, t.transfer_id having t.amount is distinct from sum(u.amount)",
    ),
    (
        "a month's score that is not what became active in it and stayed so",
        "select coalesce(s.person_id, t.person_id)::text, s.points::text, t.points::text
         from (select district_id, person_id, sum(points) as points from incentives.score group by 1, 2) s
         full join (
             select t.district_id, t.person_id, sum(case t.kind when 'ACTIVATE' then t.amount else -t.amount end) as points
             from incentives.transfer t
             left join incentives.transfer u on u.district_id = t.district_id and u.transfer_id = t.reverses
             where t.kind = 'ACTIVATE' or u.kind = 'ACTIVATE' group by 1, 2) t
             using (district_id, person_id) where s.points is distinct from t.points",
    ),
    (
        "a hold of a redemption that was not posted or given back exactly once",
        "select r.redemption_id::text, r.state, t.held::text, t.ended::text from incentives.redemption r
         left join (select t.redemption_id, count(*) filter (where t.credit_purpose = 'RESERVED') as held,
             count(*) filter (where t.debit_purpose = 'RESERVED') as ended
             from incentives.transfer t group by 1) t using (redemption_id)
         where (coalesce(t.held, 0), coalesce(t.ended, 0)) <> (case r.kind when 'GOODS' then 1 else 0 end,
             case when r.kind = 'VOUCHER' or r.state = 'RESERVED' then 0 else 1 end)",
    ),
    (
        "reserved points that are not those of open redemptions",
        "select coalesce(a.owner_id, r.person_id)::text, a.posted::text, r.points::text
         from (select district_id, owner_id, posted from incentives.account where purpose = 'RESERVED') a
         full join (select district_id, person_id, sum(points) as points from incentives.redemption where state = 'RESERVED' group by 1, 2) r
             on r.district_id = a.district_id and r.person_id = a.owner_id
         where coalesce(a.posted, 0) <> coalesce(r.points, 0)",
    ),
    (
        "a transfer that was undone by something else than its opposite",
        "select r.transfer_id::text, r.reverses::text from incentives.transfer r
         left join incentives.transfer t on t.district_id = r.district_id and t.transfer_id = r.reverses
         where r.kind = 'REVERSE' and (t.amount, t.person_id, t.credit_purpose, case t.kind when 'ACTIVATE' then 'BUDGET' else t.debit_purpose end)
             is distinct from (r.amount, r.person_id, r.debit_purpose, r.credit_purpose)",
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
