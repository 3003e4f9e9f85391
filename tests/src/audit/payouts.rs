//! Awards and their payouts: whoever wins is paid once, by one way, and nobody is forgotten. What was paid is what those say who paid:
//! WeChat, the bank and whoever handed the money over.
use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail, ensure};
use chassis::chain::Chain;
use sqlx::PgPool;
use uuid::Uuid;

use super::none;

/// What people saw of the months and of the money.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Payouts of before all this.
    pub earlier: HashSet<Uuid>,
    /// District and month → the state its keepers left it in.
    pub months: HashMap<(Uuid, String), String>,
    /// Batch and payout → the fen that the bank paid for the line; none where it refused.
    pub bank: HashMap<(Uuid, Uuid), Option<i64>>,
    /// Payout → the fen that were handed over.
    pub cash: HashMap<Uuid, i64>,
    /// What WeChat has: the openid, the fen, and the state.
    pub wechat: Vec<(String, i64, String)>,
}

/// Statements that list what must not be.
const WRONG: [(&str, &str); 7] = [
    (
        "an award fund that is not what was granted, less what is paid and what is reserved",
        "select f.fund_id::text, a.posted::text, m.granted::text, p.paid::text, p.reserved::text from finance.award_fund f
         left join finance.account a on a.district_id = f.district_id and a.owner_id = f.fund_id and a.purpose = 'AVAILABLE'
         cross join lateral (select coalesce(sum(t.amount), 0) as granted from finance.transfer t
             where t.district_id = f.district_id and t.place_id = f.fund_id and t.kind = 'BUDGET') m
         cross join lateral (select coalesce(sum(p.gross_fen) filter (where p.state = 'PAID'), 0) as paid,
             coalesce(sum(p.gross_fen) filter (where p.state in ('READY', 'SENT')), 0) as reserved
             from finance.payout p where p.district_id = f.district_id) p
         where coalesce(a.posted, 0) <> m.granted - p.paid - p.reserved",
    ),
    (
        "an award that is not ordered once when its month is published, and never before",
        "select a.cash_award_id::text, m.state, o.told::text, p.state from incentives.cash_award a
         join incentives.month m using (district_id, month)
         cross join lateral (select count(*) as told from incentives.outbox o
             where o.subject_id = a.cash_award_id and o.type = 'hemei.incentives.v1.CashAwardApproved') o
         left join finance.payout p on p.district_id = a.district_id and p.payout_id = a.cash_award_id
         where case when m.state = 'PUBLISHED' and a.gross_fen > 0
             then o.told <> 1 or (p.person_id, p.gross_fen, p.rank, p.month)
                 is distinct from (a.person_id, a.gross_fen, a.rank, to_char(a.month, 'YYYY-MM'))
             else o.told <> 0 or p.payout_id is not null end",
    ),
    (
        "a month that was published without two people, or approved by whom it pays",
        "select m.month::text, m.state from incentives.month m
         where m.state = 'PUBLISHED' and (m.first_by is null or m.second_by is null or m.published_at < m.publish_at
             or exists (select from incentives.cash_award a where a.district_id = m.district_id and a.month = m.month
                 and a.gross_fen > 0 and a.person_id in (m.first_by, m.second_by)))",
    ),
    (
        "a winner with two payouts of a month",
        "select p.person_id::text, p.month, count(*)::text from finance.payout p group by p.district_id, p.person_id, p.month
         having count(*) > 1",
    ),
    (
        "an act with money that is not in the log of the staff once",
        "with kept as (select district_id, subject, act, count(*) as times from finance.audit group by 1, 2, 3),
         done as (
             select district_id, entry_id::text as subject, case kind when 'BUDGET' then 'ADD_BUDGET' else 'RECORD_ENTRY' end as act
             from finance.transfer where kind in ('INCOME', 'SPENDING', 'BUDGET')
             union all
             select district_id, payout_id::text, 'PAY_IN_PERSON' from finance.payout where state = 'PAID' and method = 'IN_PERSON'
             union all
             select district_id, batch_id::text, 'EXPORT_BANK_FILE' from finance.payout_batch where file_sealed is not null)
         select d.subject, d.act, k.times::text from done d left join kept k using (district_id, subject, act)
         where k.times is distinct from 1",
    ),
    (
        "a payout that nobody looks after",
        "select p.payout_id::text, p.state, p.method from finance.payout p
         where p.state = 'SENT' and case p.method
             when 'WECHAT' then not exists (select from finance.wechat_transfer t where t.district_id = p.district_id
                 and t.payout_id = p.payout_id and t.round = p.round and t.next_at is not null)
             else not exists (select from finance.payout_batch b where b.district_id = p.district_id
                 and b.batch_id = p.batch_id and b.file_sealed is not null) end",
    ),
    (
        "a transfer that does not belong to its payout",
        "select t.out_bill_no, t.state, p.state from finance.wechat_transfer t
         join finance.payout p using (district_id, payout_id)
         where (t.next_at is not null and (p.round, p.state, p.method) is distinct from (t.round, 'SENT', 'WECHAT'))
             or (t.state = 'SUCCESS' and (p.round, p.state, p.method) is distinct from (t.round, 'PAID', 'WECHAT'))",
    ),
];

/// The payouts that there are.
pub async fn ordered(pool: &PgPool) -> Result<HashSet<Uuid>> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select payout_id from finance.payout").fetch_all(pool).await?;
    Ok(ids.into_iter().collect())
}

/// A payout as it stands; its openid is that of a member who is named as the payout is.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    payout_id: Uuid,
    net_fen: i64,
    state: String,
    method: Option<String>,
    openid: String,
    award: bool,
}

pub(super) async fn all(pool: &PgPool, outside: &Outside) -> Result<()> {
    for schema in ["finance", "incentives"] {
        let chain = Chain { pool: pool.clone(), schema, table: "audit", id: "audit_id" };
        let chain = chain.verify(|_| {}).await?;
        ensure!(chain.broken.is_none(), "the chain over what the staff of {schema} did is broken: {:?}", chain.broken);
    }
    for (what, statement) in WRONG {
        none(pool, what, statement).await?;
    }
    let statement = "select district_id, to_char(month, 'YYYY-MM'), state from incentives.month";
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(statement).fetch_all(pool).await?;
    for ((district, month), known) in &outside.months {
        let found = rows.iter().find(|(in_district, of, _)| (in_district, of) == (district, month));
        let stands = |state: &str| state == known || (state == "PUBLISHED" && known == "APPROVED");
        ensure!(found.is_some_and(|(.., state)| stands(state)), "month {month}: acknowledged {known}, found {found:?}");
    }
    let statement = "select payout_id, net_fen, state, method,
            'o' || left(encode(sha256(convert_to(payout_id::text, 'UTF8')), 'hex'), 27) as openid,
            exists (select from incentives.cash_award a where a.cash_award_id = payout_id) as award
        from finance.payout";
    let rows: Vec<Row> = sqlx::query_as(statement).fetch_all(pool).await?;
    let mut paid: HashMap<&str, Vec<i64>> = HashMap::new();
    for (openid, fen, state) in &outside.wechat {
        ensure!(
            rows.iter().any(|row| row.openid == *openid),
            "WeChat was asked to pay somebody whom nobody owes: {openid}"
        );
        if state == "SUCCESS" {
            paid.entry(openid).or_default().push(*fen);
        }
    }
    for row in &rows {
        ensure!(row.award || outside.earlier.contains(&row.payout_id), "a payout that nobody won: {row:?}");
        let by_wechat = paid.get(row.openid.as_str()).into_iter().flatten().map(|fen| ("WECHAT", *fen));
        let lines = outside.bank.iter().filter(|((_, payout), _)| *payout == row.payout_id);
        let by_bank = lines.filter_map(|(_, fen)| Some(("BANK", (*fen)?)));
        let in_person = outside.cash.get(&row.payout_id).map(|fen| ("IN_PERSON", *fen));
        paid_once(row, &by_wechat.chain(by_bank).chain(in_person).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Whether a payout was paid as its state says; only what WeChat has just done may not be known yet.
fn paid_once(row: &Row, payments: &[(&str, i64)]) -> Result<()> {
    let method = row.method.as_deref().unwrap_or_default();
    match (row.state.as_str(), payments) {
        ("PAID", [(by, fen)]) if *by == method && *fen == row.net_fen => Ok(()),
        ("SENT", [("WECHAT", fen)]) if method == "WECHAT" && *fen == row.net_fen => Ok(()),
        ("PAID", _) => bail!("not paid once as it says: {row:?}, and outside {payments:?}"),
        // the bank's answers are recorded before anybody rests
        ("SENT", []) if method == "BANK" => bail!("sent to a bank that has no file with it: {row:?}"),
        (_, []) => Ok(()),
        _ => bail!("paid, and it does not know: {row:?}, and outside {payments:?}"),
    }
}
