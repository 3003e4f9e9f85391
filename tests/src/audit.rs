//! The auditor: recomputes from raw rows what must be true whatever was killed.
use std::collections::HashMap;

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, PgPool, Row, postgres::PgPoolOptions};
use uuid::Uuid;

/// What clients were told had happened.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// Ticket → the transitions that were answered, in order.
    pub tickets: HashMap<Uuid, Vec<&'static str>>,
    pub fund_entries: HashMap<Uuid, i64>,
    pub redemptions: HashMap<Uuid, &'static str>,
    /// Activity → whether its points were taken back.
    pub activities: HashMap<Uuid, bool>,
}

/// Opens the private database of an instance.
pub async fn open(url: &str) -> Result<PgPool> {
    Ok(PgPoolOptions::new().max_connections(2).connect(url).await?)
}

/// Everything at once; the error names the first thing that is wrong.
pub async fn all(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    histories(pool).await?;
    for (ticket, steps) in &acknowledged.tickets {
        told(pool, *ticket, steps).await?;
    }
    projections(pool).await?;
    points(pool).await?;
    funds(pool, acknowledged).await?;
    for (redemption, state) in &acknowledged.redemptions {
        let found: Option<String> =
            sqlx::query_scalar("select state from incentives.redemption where redemption_id = $1")
                .bind(redemption)
                .fetch_optional(pool)
                .await?;
        ensure!(found.as_deref() == Some(*state), "redemption {redemption}: acknowledged {state}, found {found:?}");
    }
    for (activity, reversed) in &acknowledged.activities {
        let kinds: Vec<String> =
            sqlx::query_scalar("select kind from incentives.transfer where activity_id = $1 order by transfer_id")
                .bind(activity)
                .fetch_all(pool)
                .await?;
        let expected: &[&str] = if *reversed { &["GRANT", "REVERSE"] } else { &["GRANT"] };
        ensure!(kinds == expected, "activity {activity}: acknowledged {expected:?}, found {kinds:?}");
    }
    Ok(())
}

/// Counts the rows of a statement that lists what is wrong.
async fn none(pool: &PgPool, what: &str, statement: &str) -> Result<()> {
    let rows = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(pool).await?;
    let first = rows
        .first()
        .map(|row| (0..row.len()).map(|at| row.try_get::<String, _>(at).unwrap_or_default()).collect::<Vec<_>>());
    ensure!(rows.is_empty(), "{what}: {} rows, the first {first:?}", rows.len());
    Ok(())
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

/// What was acknowledged of one ticket stands in its history, once.
async fn told(pool: &PgPool, ticket: Uuid, steps: &[&'static str]) -> Result<()> {
    let rows: Vec<String> =
        sqlx::query_scalar("select transition from tickets.event where ticket_id = $1 order by sequence")
            .bind(ticket)
            .fetch_all(pool)
            .await?;
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
    Ok(())
}

/// Every account of a ledger is the sum of its legs, without a gap, and not negative; every other leg is the district's.
async fn ledger(pool: &PgPool, schema: &str) -> Result<()> {
    let statement = format!(
        "select a.owner_id::text, a.purpose, a.posted::text, l.total::text, a.version::text from {schema}.account a
         left join lateral (select coalesce(sum(amount), 0) as total, count(*) as legs from (
             select amount from {schema}.transfer t where t.district_id = a.district_id
                 and (t.credit_owner_id, t.credit_purpose) = (a.owner_id, a.purpose)
             union all
             select -amount from {schema}.transfer t where t.district_id = a.district_id
                 and (t.debit_owner_id, t.debit_purpose) = (a.owner_id, a.purpose)) legs) l on true
         where l.total <> a.posted or l.legs <> a.version or a.posted < 0
         union all
         select t.transfer_id::text, leg.purpose, t.amount::text, 'no such account', '' from {schema}.transfer t
         cross join lateral (values (debit_owner_id, debit_purpose), (credit_owner_id, credit_purpose)) leg (owner_id, purpose)
         where leg.owner_id <> t.district_id and not exists (select from {schema}.account a
             where (a.district_id, a.owner_id, a.purpose) = (t.district_id, leg.owner_id, leg.purpose))"
    );
    none(pool, &format!("an account of {schema} that is not the sum of its transfers"), &statement).await
}

/// Nobody is awarded twice or forgotten, and no piece of a prize is.
async fn points(pool: &PgPool) -> Result<()> {
    ledger(pool, "incentives").await?;
    none(
        pool,
        "a courier's ticket without exactly one award in its right state",
        "select t.ticket_id::text, t.state, coalesce(a.state, 'none') from tickets.ticket t
         left join incentives.award a on a.district_id = t.district_id and a.ticket_id = t.ticket_id
         where t.reporter_role in ('courier', 'resident', 'home_observer') and (
             (t.state = 'POOL' and a.state is not null)
             or (t.state = any(array['CLAIMED', 'DISPATCHED', 'IN_PROGRESS', 'FEEDBACK']) and a.state is distinct from 'PENDING')
             or (t.state = 'CLOSED' and (a.state is null or a.state not in ('ACTIVE', 'HELD'))))",
    )
    .await?;
    none(
        pool,
        "an award whose points were not moved exactly once",
        "select a.ticket_id::text, a.state, count(t.*)::text from incentives.award a
         left join incentives.transfer t on t.district_id = a.district_id and t.ticket_id = a.ticket_id
         group by a.district_id, a.ticket_id, a.rule, a.state, a.round
         having count(t.*) <> 2 * a.round + case a.state when 'PENDING' then 1 when 'HELD' then 1 when 'REVERSED' then 3 else 2 end",
    )
    .await?;
    none(
        pool,
        "lots that hold something else than what is available",
        "select coalesce(a.owner_id, l.person_id)::text, coalesce(a.posted, 0)::text, coalesce(l.held, 0)::text
         from (select district_id, owner_id, posted from incentives.account where purpose = 'AVAILABLE') a
         full join (select district_id, person_id, sum(remaining) as held from incentives.lot group by 1, 2) l
             on l.district_id = a.district_id and l.person_id = a.owner_id
         where coalesce(a.posted, 0) <> coalesce(l.held, 0)",
    )
    .await?;
    none(
        pool,
        "a lot that is not what it brought without what was taken from it",
        "select l.lot_id::text, l.amount::text, l.remaining::text, sum(u.amount)::text from incentives.lot l
         join incentives.lot_use u on u.district_id = l.district_id and u.lot_id = l.lot_id
         group by l.district_id, l.person_id, l.lot_id having l.remaining <> l.amount - sum(u.amount)",
    )
    .await?;
    none(
        pool,
        "a month's score that is not what became active in it",
        "select coalesce(s.person_id, t.person_id)::text, s.points::text, t.points::text
         from (select district_id, person_id, sum(points) as points from incentives.score group by 1, 2) s
         full join (select district_id, person_id, sum(amount) as points from incentives.transfer where kind = 'ACTIVATE' group by 1, 2) t
             using (district_id, person_id) where s.points is distinct from t.points",
    )
    .await?;
    prizes(pool).await
}

/// Every piece and every code is in stock, reserved or somebody's.
async fn prizes(pool: &PgPool) -> Result<()> {
    none(
        pool,
        "a prize whose pieces do not add up",
        "select p.prize_id::text, p.supplied::text, p.stock::text from incentives.prize p
         left join incentives.redemption r on r.district_id = p.district_id and r.prize_id = p.prize_id
             and r.state in ('RESERVED', 'HANDED_OVER')
         group by p.district_id, p.prize_id having p.supplied <> p.stock + coalesce(sum(r.quantity), 0)",
    )
    .await?;
    none(
        pool,
        "a voucher whose stock is not its codes, or a code that is not one member's",
        "select p.prize_id::text, p.stock::text, count(v.*) filter (where v.redemption_id is null and v.withdrawn_at is null)::text
         from incentives.prize p left join incentives.voucher v on v.district_id = p.district_id and v.prize_id = p.prize_id
         left join incentives.redemption r on r.district_id = v.district_id and r.redemption_id = v.redemption_id
         where p.kind = 'VOUCHER' group by p.district_id, p.prize_id, p.stock
         having p.stock <> count(v.*) filter (where v.redemption_id is null and v.withdrawn_at is null)
             or bool_or(v.redemption_id is not null and r.code_sealed is distinct from v.code_sealed)",
    )
    .await
}

/// Every acknowledged entry is there once.
async fn funds(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    ledger(pool, "finance").await?;
    for (entry, amount) in &acknowledged.fund_entries {
        let found: Vec<i64> = sqlx::query_scalar("select amount from finance.transfer where entry_id = $1")
            .bind(entry)
            .fetch_all(pool)
            .await?;
        ensure!(found == [*amount], "fund entry {entry}: acknowledged {amount} fen, found {found:?}");
    }
    Ok(())
}
