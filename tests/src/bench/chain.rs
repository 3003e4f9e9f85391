//! The chain over the transfers of a ledger that has grown large: filled by plain inserts, sealed by the real sealer, verified.
use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use chassis::{chain::Chain, clock::Clock};
use incentives::ledger::chain;
use sqlx::{PgConnection, PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

const TRANSFERS: i64 = 10_000_000;
/// Rows of one insert: ten transfers of each member.
const SLICE: i64 = 100_000;
/// The sealer that stands still for so long is stuck.
const STUCK: Duration = Duration::from_secs(120);

/// Transfers $2 up to, but without $3 of a district whose 10,000 members get a point in turn, and their accounts after it.
const FILL: &str = "with turn as (
        select n, md5((n % 10000)::text)::uuid as member, n / 10000 + 1 as version from generate_series($2::bigint, $3::bigint - 1) n
    ), account as (
        insert into incentives.account as a (district_id, owner_id, purpose, posted, version)
        select $1, member, 'PENDING', max(version), max(version) from turn group by member
        on conflict (district_id, owner_id, purpose) do update set posted = excluded.posted, version = excluded.version
    )
    insert into incentives.transfer (district_id, person_id, kind, amount, debit_owner_id, debit_purpose, credit_owner_id,
        credit_purpose, credit_balance_after, credit_version, text, ticket_id, request_key, at)
    select $1, member, 'AWARD', 1, $1, 'BUDGET', member, 'PENDING', version, version, '上报 GN261123-000042 被受理，积分待生效',
        gen_random_uuid(), 'bench:' || n, now()
    from turn order by n";

/// The lock of who seals, as `chassis::chain` takes it.
const LOCK: &str = "select pg_advisory_lock(hashtextextended('incentives.transfer', 11))";
const UNLOCK: &str = "select pg_advisory_unlock(hashtextextended('incentives.transfer', 11))";

const SEALED: &str = "select coalesce(sum(rows), 0)::bigint from incentives.transfer_seal";
const REACHED: &str = "select exists (select from incentives.transfer_seal where (last_tx, last_id) >=
    (select tx, transfer_id from incentives.transfer where district_id = $1 order by transfer_id desc limit 1))";

/// Fills, seals and verifies; fails where the chain does not hold.
pub async fn run(url: &str) -> Result<()> {
    let wanted = match std::env::var("HEMEI_BENCH_TRANSFERS") {
        Ok(text) => text.parse().context("HEMEI_BENCH_TRANSFERS must be a whole number of transfers")?,
        Err(_) => TRANSFERS,
    };
    ensure!(wanted > 0, "HEMEI_BENCH_TRANSFERS must be at least 1");
    let pool = PgPoolOptions::new().max_connections(3).connect(url).await?;
    let chain = chain(&pool);
    let district = Uuid::now_v7();
    println!("the chain over {wanted} transfers");
    // the running suite's sealer waits, so that there is something left to time
    let mut holder = pool.acquire().await?;
    sqlx::query(LOCK).execute(&mut *holder).await?;
    filled(&mut holder, district, wanted).await?;
    let before: i64 = sqlx::query_scalar(SEALED).fetch_one(&mut *holder).await?;
    sqlx::query(UNLOCK).execute(&mut *holder).await?;
    drop(holder);
    sealed(&pool, &chain, district, before).await?;
    verified(&chain, wanted).await
}

async fn filled(connection: &mut PgConnection, district: Uuid, wanted: i64) -> Result<()> {
    let begun = Instant::now();
    let mut done = 0;
    while done < wanted {
        let until = (done + SLICE).min(wanted);
        sqlx::query(FILL).bind(district).bind(done).bind(until).execute(&mut *connection).await?;
        done = until;
        progress("filled", done, begun)?;
    }
    sqlx::query("vacuum (analyze) incentives.transfer").execute(connection).await?;
    finished("transfers filled", done, begun);
    Ok(())
}

/// Seals until the last of the district's transfers is under a seal. The suite's own sealer may take its turns.
async fn sealed(pool: &PgPool, chain: &Chain, district: Uuid, before: i64) -> Result<()> {
    let (begun, mut moved, mut own) = (Instant::now(), Instant::now(), 0);
    let mut told = before;
    loop {
        let rows = chain.seal(Clock::System.now()).await.map_err(|fault| anyhow::anyhow!("{fault}"))?;
        own += rows;
        if rows > 0 && own % usize::try_from(SLICE)? != 0 {
            continue;
        }
        let all: i64 = sqlx::query_scalar(SEALED).fetch_one(pool).await?;
        if all > told {
            (told, moved) = (all, Instant::now());
            progress("sealed", all - before, begun)?;
        }
        if sqlx::query_scalar(REACHED).bind(district).fetch_one(pool).await? {
            break;
        }
        ensure!(moved.elapsed() < STUCK, "nothing was sealed for {} s", STUCK.as_secs());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let all: i64 = sqlx::query_scalar(SEALED).fetch_one(pool).await?;
    finished("rows sealed", all - before, begun);
    Ok(())
}

async fn verified(chain: &Chain, wanted: i64) -> Result<()> {
    let begun = Instant::now();
    let mut shown = 0;
    let show = |rows: i64| {
        if rows - shown >= SLICE {
            shown = rows;
            let _ = progress("verified", rows, begun);
        }
    };
    let found = chain.verify(show).await.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    if let Some(broken) = found.broken {
        bail!("the chain does not hold: {broken}");
    }
    ensure!(found.rows >= wanted, "only {} rows are under a seal, of {wanted}", found.rows);
    finished("rows verified", found.rows, begun);
    println!("{:56} {:>9} seals, {} rows not sealed yet\n", "", found.seals, found.unsealed);
    Ok(())
}

/// One line that is written over again and again.
fn progress(what: &str, rows: i64, begun: Instant) -> std::io::Result<()> {
    let mut out = stdout().lock();
    write!(out, "\r  {what} {rows} in {:.0} s", begun.elapsed().as_secs_f64())?;
    out.flush()
}

fn finished(what: &str, rows: i64, begun: Instant) {
    let took = begun.elapsed();
    let each = i128::from(rows) * 1_000_000 / i128::try_from(took.as_micros().max(1)).unwrap_or(i128::MAX);
    println!("\r{what:56} {rows:>9} in {:.1} s, {each}/s", took.as_secs_f64());
}
