//! The ranking and the close of a month at a million members.
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chassis::{cache::Cache, clock::Clock, feed::Waker, keys::Keyring, media::MediaIds, vault::Vault};
use chrono::NaiveDate;
use incentives::{
    Incentives,
    ranking::{Board, follow, page, recount},
};
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

const MEMBERS: i64 = 1_000_000;
const READS: u32 = 2_000;

/// Prints how long it takes to follow, read and close.
pub async fn run(url: &str, redis_url: &str) -> Result<()> {
    let pool = PgPoolOptions::new().max_connections(4).connect(url).await?;
    let state = open(&pool, redis_url)?;
    // far ahead, so that nobody else closes it
    let (district, month) = (Uuid::now_v7(), NaiveDate::from_ymd_opt(2099, 1, 1).context("a month")?);
    sqlx::query("insert into incentives.score (district_id, person_id, month, points, reached_at)
        select $1, md5($1::text || n)::uuid, $2, (random() * 1000)::int + 1, $2::timestamptz + random() * interval '30 days'
        from generate_series(1, $3) n")
        .bind(district)
        .bind(month)
        .bind(MEMBERS)
        .execute(&pool)
        .await?;
    sqlx::query("analyze incentives.score").execute(&pool).await?;
    let board = Board::month(district, month, "");
    let begun = Instant::now();
    // the running suite follows too: what either writes is the same
    while page(&state, &board, (1, 1), district).await?.is_none_or(|page| page.members < MEMBERS) {
        if follow(&state).await? == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    println!("ranking of {MEMBERS} members written from the scores in {took:.1} s");
    let begun = Instant::now();
    for _ in 0..READS {
        let first = isize::try_from(rand::random_range(1..MEMBERS - 20))?;
        page(&state, &board, (first, 20), district).await?;
    }
    let each = begun.elapsed().as_secs_f64() * 1000.0 / f64::from(READS);
    let begun = Instant::now();
    recount(&state, &board, 500_000, 20, district).await?;
    let recounted = begun.elapsed().as_secs_f64() * 1000.0;
    println!("a page of it {each:.2} ms one after the other; counted from the scores instead {recounted:.0} ms");
    updated(&state, district, month).await?;
    let begun = Instant::now();
    sqlx::query("select incentives.close_month($1, $2, now())").bind(district).bind(month).execute(&pool).await?;
    println!("the month of {MEMBERS} members closed in {:.1} s\n", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Members whose scores change: one after the other, each until the board shows it, and many at once.
async fn updated(state: &Incentives, district: Uuid, month: NaiveDate) -> Result<()> {
    const SINGLES: u32 = 200;
    const MANY: i64 = 50_000;
    const SCORED: &str = "update incentives.score set points = points + 5000, reached_at = reached_at + interval '1 second',
            tx = pg_current_xact_id()::text::bigint
        where district_id = $1 and month = $2 and person_id in (select md5($1::text || n)::uuid from generate_series($3, $4) n)";
    let board = Board::month(district, month, "");
    let scored = async |first: i64, last: i64| -> Result<Uuid> {
        sqlx::query(SCORED).bind(district).bind(month).bind(first).bind(last).execute(&state.pool).await?;
        // the board follows in the order of their ids
        let last = sqlx::query_scalar(
            "select md5($1::text || n)::uuid from generate_series($2, $3) n order by 1 desc limit 1",
        )
        .bind(district)
        .bind(first)
        .bind(last);
        Ok(last.fetch_one(&state.pool).await?)
    };
    let shown = async |member: Uuid, least: i64| -> Result<bool> {
        let page = page(state, &board, (1, 1), member).await?.context("a board")?;
        Ok(page.around.iter().any(|place| place.person_id == member && place.points > least))
    };
    let mut waited = Vec::new();
    for number in 1..=i64::from(SINGLES) {
        let member = scored(number, number).await?;
        let begun = Instant::now();
        while !shown(member, 5000).await? {
            follow(state).await?;
        }
        waited.push(begun.elapsed());
    }
    waited.sort_unstable();
    let at = |share: usize| waited.get(waited.len() * share / 100).map_or(0.0, |took| took.as_secs_f64() * 1000.0);
    println!("a new score is on the board {:.1} ms after its commit, p95 {:.1} ms", at(50), at(95));
    let first = i64::from(SINGLES) + 1;
    let member = scored(first, first + MANY - 1).await?;
    let begun = Instant::now();
    while !shown(member, 5000).await? {
        follow(state).await?;
    }
    println!("{MANY} new scores at once: {:.0} updated a second", MANY as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

fn open(pool: &PgPool, redis_url: &str) -> Result<Incentives> {
    let keys = std::env::temp_dir().join(format!("bench-{}", Uuid::now_v7()));
    let key = |name| Keyring::load_or_create(&keys, name);
    let cache = Cache::new(redis_url)?;
    let (vault, media) = (Vault::new(key("vault")?, key("index")?), MediaIds::new(key("media")?));
    let waker = Waker::start(cache.clone(), "incentives");
    Ok(Incentives::new(pool.clone(), Clock::System, vault, media, cache, waker))
}
