//! Money: every entry of a fund, and what is held for payouts.
use std::collections::HashMap;

use anyhow::{Result, ensure};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Acknowledged, ledger, none};

/// Statements that list what must not be.
const WRONG: [(&str, &str); 2] = [
    (
        "an award fund that holds something else than for its payouts",
        "select f.fund_id::text, a.posted::text, p.held::text from finance.award_fund f
         left join finance.account a on a.district_id = f.district_id and a.owner_id = f.fund_id and a.purpose = 'HELD'
         left join lateral (select coalesce(sum(p.gross_fen), 0) as held from finance.payout p
             where p.district_id = f.district_id and p.state in ('READY', 'SENT')) p on true
         where coalesce(a.posted, 0) <> p.held",
    ),
    (
        "money held for a payout that was not paid or given back exactly once",
        "select p.payout_id::text, p.state, p.round::text, m.held::text, m.ended::text from finance.payout p
         cross join lateral (select count(*) filter (where t.kind = 'HOLD') as held,
             count(*) filter (where t.kind in ('PAY', 'RELEASE')) as ended
             from generate_series(1, p.round) round cross join (values ('HOLD'), ('PAY'), ('RELEASE')) way (kind)
             join finance.transfer t on t.district_id = p.district_id and t.kind = way.kind
                 and t.entry_id = finance.movement_id(p.payout_id, round, way.kind)) m
         where (m.held, m.ended) <> (p.round, p.round - case when p.state in ('READY', 'SENT') then 1 else 0 end)",
    ),
];

/// Every acknowledged entry is there once, and every hold ended once.
pub(super) async fn all(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    ledger(pool, "finance").await?;
    for (what, statement) in WRONG {
        none(pool, what, statement).await?;
    }
    let rows: Vec<(Uuid, i64)> =
        sqlx::query_as("select entry_id, amount from finance.transfer").fetch_all(pool).await?;
    let found: HashMap<Uuid, i64> = rows.iter().copied().collect();
    ensure!(found.len() == rows.len(), "an entry of a fund with two effects");
    for (entry, amount) in &acknowledged.fund_entries {
        let found = found.get(entry);
        ensure!(found == Some(amount), "fund entry {entry}: acknowledged {amount} fen, found {found:?}");
    }
    let statement = "select p.payout_id, count(e.*) filter (where e.state = 'RETURNED'), p.state from finance.payout p
        join finance.payout_event e using (district_id, payout_id) group by p.district_id, p.payout_id";
    let rows: Vec<(Uuid, i64, String)> = sqlx::query_as(statement).fetch_all(pool).await?;
    let found: HashMap<Uuid, (i64, &str)> =
        rows.iter().map(|(id, times, state)| (*id, (*times, state.as_str()))).collect();
    for (payout, known) in &acknowledged.payouts {
        let found = found.get(payout);
        ensure!(found == Some(known), "payout {payout}: acknowledged {known:?}, found {found:?}");
    }
    Ok(())
}
