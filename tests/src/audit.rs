//! The auditor: recomputes from raw rows what must be true whatever was killed.
mod funds;
mod histories;
pub mod payouts;
mod points;
pub mod prizes;

use std::{collections::HashMap, str::FromStr};

use anyhow::{Result, ensure};
use sqlx::{
    AssertSqlSafe, PgPool, Row,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

/// What clients were told had happened. Nothing else of it may have happened while nobody is asking.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// Ticket → the transitions that were answered, in order.
    pub tickets: HashMap<Uuid, Vec<&'static str>>,
    pub fund_entries: HashMap<Uuid, i64>,
    /// Payout → how often it was returned, and where it stands.
    pub payouts: HashMap<Uuid, (i64, &'static str)>,
    pub redemptions: HashMap<Uuid, Redeemed>,
    /// Activity → points to each, and how many people.
    pub activities: HashMap<Uuid, (i64, i64)>,
    /// Transfer → the transfer that undid it.
    pub reversals: HashMap<i64, i64>,
    /// Stock-take → its prize, what was counted, and by how much that differed.
    pub stock_takes: HashMap<Uuid, (Uuid, i64, i64)>,
    /// Import of codes → its voucher, and how many were new.
    pub imports: HashMap<Uuid, (Uuid, i64)>,
    /// Prize → its pieces before all this: in stock, reserved and handed over.
    pub pieces: HashMap<Uuid, i64>,
    pub outside: payouts::Outside,
}

/// A redemption as its callers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    pub prize_id: Uuid,
    pub person_id: Uuid,
    pub quantity: i64,
    pub points: i64,
    pub reached: Reached,
    /// Taken back broken.
    pub written_off: bool,
}

/// The furthest state that was acknowledged; a reservation may have run out since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    Reserved,
    Cancelled,
    HandedOver,
    Returned,
}

/// Opens the private database of an instance.
pub async fn open(url: &str) -> Result<PgPool> {
    // a server that was killed has forgotten how large its tables are
    let options = PgConnectOptions::from_str(url)?.options([("enable_nestloop", "off")]);
    Ok(PgPoolOptions::new().max_connections(2).connect_with(options).await?)
}

/// Everything at once; the error names the first thing that is wrong.
pub async fn all(pool: &PgPool, acknowledged: &Acknowledged) -> Result<()> {
    histories::all(pool, acknowledged).await?;
    points::all(pool, acknowledged).await?;
    prizes::all(pool, acknowledged).await?;
    funds::all(pool, acknowledged).await?;
    payouts::all(pool, &acknowledged.outside).await
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

/// Every account of a ledger is the sum of its legs, without a gap, and not negative; every leg has its account, but those of the
/// district; and all of it together is nothing.
async fn ledger(pool: &PgPool, schema: &str) -> Result<()> {
    let statement = format!(
        "with legs as (
             select district_id, credit_owner_id as owner_id, credit_purpose as purpose, amount from {schema}.transfer
             union all
             select district_id, debit_owner_id, debit_purpose, -amount from {schema}.transfer),
         told as (
             select district_id, owner_id, purpose, sum(amount) as total, count(*) as legs from legs
             where owner_id <> district_id group by 1, 2, 3)
         select owner_id::text, purpose, a.posted::text, t.total::text, a.version::text
         from {schema}.account a full join told t using (district_id, owner_id, purpose)
         where a.posted is distinct from coalesce(t.total, 0) or a.version is distinct from coalesce(t.legs, 0) or a.posted < 0"
    );
    none(pool, &format!("an account of {schema} that is not the sum of its transfers"), &statement).await?;
    let statement = format!(
        "select t.unit, t.total::text from (
             select unit, sum(amount) as total from (
                 select unit, posted as amount from {schema}.account
                 union all
                 select u.unit, case when t.credit_owner_id = t.district_id then t.amount else 0 end
                     - case when t.debit_owner_id = t.district_id then t.amount else 0 end
                 from {schema}.transfer t cross join (select distinct unit from {schema}.account) u) legs
             group by unit) t
         where t.total <> 0
         union all
         select string_agg(distinct unit, ','), 'one unit' from {schema}.account having count(distinct unit) > 1"
    );
    none(pool, &format!("entries of {schema} that do not sum to zero"), &statement).await
}
