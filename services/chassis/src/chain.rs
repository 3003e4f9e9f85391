//! A hash chain over a table that only grows: rows are sealed in blocks in commit order, never as they are written, for that would
//! make writers wait for each other. Whoever changes, adds or takes out a sealed row breaks the chain.
//!
//! The table has `tx` (the transaction that wrote the row) and a growing id; `<table>_seal` holds the seals.
use std::time::Duration;

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256, digest};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, faults::Fault};

/// The most rows under one seal.
const BLOCK: i64 = 1_000;
/// How often there is something to seal.
const EVERY: Duration = Duration::from_secs(5);
/// Bytes of a row's own hash that are kept to name it.
const MARK: usize = 8;

/// One table with its chain.
#[derive(Clone)]
pub struct Chain {
    pub pool: PgPool,
    pub schema: &'static str,
    pub table: &'static str,
    /// The growing id within a transaction.
    pub id: &'static str,
}

/// What verifying found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub seals: i64,
    pub rows: i64,
    /// Rows that no seal covers yet.
    pub unsealed: i64,
    /// The first break, in words.
    pub broken: Option<String>,
    /// The hash of the last seal, to be kept elsewhere: a chain cannot tell that its end was cut off.
    pub head: String,
}

#[derive(Default)]
struct Seal {
    number: i64,
    last: (i64, i64),
    rows: i32,
    previous: Vec<u8>,
    hash: Vec<u8>,
    marks: Vec<u8>,
}

impl Chain {
    /// Seals what has been written every few seconds until stopped.
    pub async fn run(self, clock: Clock, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            while match self.seal(clock.now()).await {
                Ok(sealed) => sealed as i64 == BLOCK,
                Err(fault) => {
                    tracing::warn!(table = self.table, %fault, "not sealed");
                    false
                }
            } {}
        }
    }

    /// Seals the next rows; answers how many. Nothing where somebody else does so now.
    pub async fn seal(&self, at: DateTime<Utc>) -> Result<usize, Fault> {
        let mut transaction = crate::db::begin(&self.pool).await?;
        let lock = format!("{}.{}", self.schema, self.table);
        let mine: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock(hashtextextended($1, 11))")
            .bind(lock)
            .fetch_one(&mut *transaction)
            .await?;
        if !mine {
            return Ok(0);
        }
        let last = self.last_seal(&mut transaction).await?;
        let rows = self.rows(&mut transaction, last.last, None).await?;
        let Some((end, _)) = rows.last() else { return Ok(0) };
        let (hash, marks) = fold(&last.hash, &rows);
        let statement = format!(
            "insert into {0}.{1}_seal (number, last_tx, last_id, rows, previous, hash, marks, at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.schema, self.table
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(last.number + 1)
            .bind(end.0)
            .bind(end.1)
            .bind(i32::try_from(rows.len()).unwrap_or(i32::MAX))
            .bind(&last.hash)
            .bind(hash)
            .bind(marks)
            .bind(at)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(rows.len())
    }

    /// Reads everything that is sealed again and compares; `progress` hears the number of rows now and then.
    pub async fn verify(&self, mut progress: impl FnMut(i64)) -> Result<Verified, Fault> {
        let mut connection = self.pool.acquire().await?;
        let mut found = Verified::default();
        let mut before = Seal::default();
        while let Some(seal) = self.seal_after(&mut connection, before.number).await? {
            let rows = self.rows(&mut connection, before.last, Some(seal.last)).await?;
            if let Some(broken) = broken(&before, &seal, &rows) {
                found.broken = Some(broken);
                break;
            }
            found.seals += 1;
            found.rows += i64::from(seal.rows);
            progress(found.rows);
            before = seal;
        }
        let statement =
            format!("select count(*) from {}.{} where (tx, {}) > ($1, $2)", self.schema, self.table, self.id);
        let unsealed = sqlx::query_scalar(AssertSqlSafe(statement)).bind(before.last.0).bind(before.last.1);
        found.unsealed = unsealed.fetch_one(&mut *connection).await?;
        found.head = hex(&before.hash);
        Ok(found)
    }

    async fn last_seal(&self, connection: &mut PgConnection) -> Result<Seal, Fault> {
        let statement = format!("select * from {}.{}_seal order by number desc limit 1", self.schema, self.table);
        let row = sqlx::query(AssertSqlSafe(statement)).fetch_optional(connection).await?;
        Ok(row.as_ref().map(seal).transpose()?.unwrap_or_default())
    }

    async fn seal_after(&self, connection: &mut PgConnection, number: i64) -> Result<Option<Seal>, Fault> {
        let statement =
            format!("select * from {}.{}_seal where number > $1 order by number limit 1", self.schema, self.table);
        let row = sqlx::query(AssertSqlSafe(statement)).bind(number).fetch_optional(connection).await?;
        Ok(row.as_ref().map(seal).transpose()?)
    }

    /// The rows after a position with their canonical text: the next block that nobody can still write into, or all up to another.
    async fn rows(
        &self,
        connection: &mut PgConnection,
        after: (i64, i64),
        until: Option<(i64, i64)>,
    ) -> Result<Vec<((i64, i64), String)>, Fault> {
        let Self { schema, table, id, .. } = self;
        let end = match until {
            Some(_) => format!("(t.tx, t.{id}) <= ($3, $4)"),
            None => "t.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint and $3 = $4".to_owned(),
        };
        let most = until.map_or(BLOCK, |_| BLOCK + 1);
        let statement = format!(
            "select t.tx, t.{id} as id, to_jsonb(t)::text as row from {schema}.{table} t \
             where (t.tx, t.{id}) > ($1, $2) and {end} order by t.tx, t.{id} limit $5"
        );
        let (end_tx, end_id) = until.unwrap_or((0, 0));
        let rows =
            sqlx::query(AssertSqlSafe(statement)).bind(after.0).bind(after.1).bind(end_tx).bind(end_id).bind(most);
        let rows = rows.fetch_all(connection).await?;
        let row = |row: &sqlx::postgres::PgRow| Ok(((row.try_get("tx")?, row.try_get("id")?), row.try_get("row")?));
        Ok(rows.iter().map(row).collect::<sqlx::Result<_>>()?)
    }
}

fn seal(row: &sqlx::postgres::PgRow) -> sqlx::Result<Seal> {
    Ok(Seal {
        number: row.try_get("number")?,
        last: (row.try_get("last_tx")?, row.try_get("last_id")?),
        rows: row.try_get("rows")?,
        previous: row.try_get("previous")?,
        hash: row.try_get("hash")?,
        marks: row.try_get("marks")?,
    })
}

/// The hash of a block after the one before, and the marks of its rows.
fn fold(previous: &[u8], rows: &[((i64, i64), String)]) -> (Vec<u8>, Vec<u8>) {
    let (mut all, mut marks) = (Context::new(&SHA256), Vec::with_capacity(rows.len() * MARK));
    all.update(previous);
    for (_, row) in rows {
        let own = digest(&SHA256, row.as_bytes());
        all.update(own.as_ref());
        marks.extend_from_slice(&own.as_ref()[..MARK]);
    }
    (all.finish().as_ref().to_vec(), marks)
}

/// Why a seal does not hold; names the first row that is not what was sealed.
fn broken(before: &Seal, seal: &Seal, rows: &[((i64, i64), String)]) -> Option<String> {
    if seal.number != before.number + 1 || seal.previous != before.hash {
        return Some(format!("seal {} does not follow seal {}", seal.number, before.number));
    }
    let (hash, marks) = fold(&before.hash, rows);
    if hash == seal.hash && rows.len() == usize::try_from(seal.rows).unwrap_or(0) {
        return None;
    }
    let differs = marks.chunks(MARK).zip(seal.marks.chunks(MARK)).position(|(now, then)| now != then);
    let at = differs.and_then(|at| rows.get(at)).or(rows.last());
    let place = at.map_or("all its rows are gone".to_owned(), |((tx, id), _)| format!("at row {tx}/{id}"));
    Some(format!("seal {} over {} rows: {} rows now, the first difference {place}", seal.number, seal.rows, rows.len()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
