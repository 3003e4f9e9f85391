//! The signature test: the real binary under load, `kill -9` of anything at any moment, and an auditor over the raw rows.
#[path = "crash/bank.rs"]
mod bank;
#[path = "crash/caller.rs"]
mod caller;
#[path = "crash/keepers.rs"]
mod keepers;
#[path = "crash/months.rs"]
mod months;
#[path = "crash/payers.rs"]
mod payers;
#[path = "crash/probe.rs"]
mod probe;
#[path = "crash/teller.rs"]
mod teller;

use std::{
    env,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use bank::Bank;
use caller::Caller;
use hemei_tests::{Instance, tickets};
use probe::Probe;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::task::JoinSet;

const TARGETS: [&str; 8] =
    ["residents", "tickets", "incentives", "finance", "gateway", "postgres", "redis", "flushall"];
const CALLERS: usize = 64;
/// Of them, those who report and see to it, those who keep a fund, and those who claim and pay awards; one each keeps a payout, the
/// months, the bank, and what winners do with their WeChat, all others are at the counter.
const REPORTERS: usize = 8;
const TREASURERS: usize = 3;
const PAYERS: usize = 6;
/// After so many kills there is a quiet moment.
const BETWEEN: usize = 8;

async fn strike(instance: &Instance, target: &str) -> Result<()> {
    if target != "flushall" {
        return instance.kill(target);
    }
    let url = instance.run_file()?["redis_url"].as_str().context("redis_url")?.to_owned();
    let mut redis = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    redis::cmd("FLUSHALL").query_async::<()>(&mut redis).await?;
    Ok(())
}

/// Lets everybody begin.
fn callers(bank: &Arc<Bank>, random: &mut StdRng) -> JoinSet<Result<()>> {
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let caller = Caller { bank: bank.clone(), random: StdRng::seed_from_u64(random.random()) };
        match number {
            0..REPORTERS => callers.spawn(caller.report_and_resolve(number)),
            REPORTERS => callers.spawn(caller.keep_a_payout()),
            number if number <= REPORTERS + TREASURERS => callers.spawn(caller.keep_the_fund()),
            number if number <= REPORTERS + TREASURERS + PAYERS => callers.spawn(caller.claim_and_pay()),
            61 => callers.spawn(caller.keep_the_months()),
            62 => callers.spawn(caller.keep_the_bank()),
            63 => callers.spawn(caller.use_wechat()),
            _ => callers.spawn(caller.tell()),
        };
    }
    callers.spawn(bank.clone().pass_time(StdRng::seed_from_u64(random.random())));
    callers
}

/// Kills, waits until everything serves again, and has a quiet moment now and then; answers the slowest recovery.
async fn havoc(instance: &Instance, bank: &Bank, (kills, random): (usize, &mut StdRng)) -> Result<Duration> {
    let mut slowest = Duration::ZERO;
    for number in 0..kills {
        // Each target at least once, then by chance.
        let target = TARGETS.get(number).copied().unwrap_or_else(|| TARGETS.choose(random).unwrap());
        tokio::time::sleep(Duration::from_millis(random.random_range(50..1200))).await;
        strike(instance, target).await.with_context(|| format!("kill {number}: {target}"))?;
        let took =
            bank.probe.serving(&instance.client()).await.with_context(|| format!("after kill {number}: {target}"))?;
        println!("kill {number:3} {target:10} serving again after {:4} ms", took.as_millis());
        slowest = slowest.max(took);
        if number % BETWEEN == BETWEEN - 1 && number + 1 < kills {
            let begun = Instant::now();
            bank.quiet_moment().await.with_context(|| format!("audit after kill {number}: {target}"))?;
            println!("everything is right after {:4} ms", begun.elapsed().as_millis());
        }
    }
    Ok(slowest)
}

async fn run(instance: &Instance, kills: usize, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let bank = Bank::open(&instance.client(), &instance.database_url()?).await?;
    let mut callers = callers(&bank, &mut random);
    let havoc = havoc(instance, &bank, (kills, &mut random));
    let slowest = tokio::select! {
        slowest = havoc => slowest?,
        // they go on until they are told to stop
        Some(caller) = callers.join_next() => {
            caller??;
            anyhow::bail!("a caller went home early");
        }
    };
    bank.stop.store(true, Ordering::Relaxed);
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    bank.quiet_moment().await.context("audit when all have stopped")?;
    bank.let_all_be_paid().await?;
    bank.quiet_moment().await.context("audit at the end")?;
    let counts = bank.counts.lock().unwrap().clone();
    println!("{counts:#?}");
    bank.auditor_is_awake().await?;
    let done: usize = counts.iter().filter(|(what, _)| !what.contains(':')).map(|(_, many)| many).sum();
    println!("{done} requests acknowledged over {kills} kills, slowest recovery {} ms", slowest.as_millis());
    for what in [
        "report",
        "step of a ticket",
        "entry of a fund",
        "payout back and forth",
        "approve a month",
        "return a month",
        "correct an award",
        "claim by WeChat",
        "confirm",
        "file for the bank",
        "line of a file",
        "redeem",
        "cancel",
        "hand over",
        "hand over many",
        "take back",
        "grant",
        "reverse",
        "count",
        "import",
        "cut off",
        "reservation runs out",
        "points run out",
    ] {
        anyhow::ensure!(counts.get(what).is_some_and(|many| *many >= 3), "the load was real: {what} in {counts:?}");
    }
    anyhow::ensure!(done > 500, "the load was real: {done}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_whatever_is_killed() {
    let seed: u64 = env::var("HEMEI_CRASH_SEED").ok().map_or_else(rand::random, |seed| seed.parse().unwrap());
    let kills: usize = env::var("HEMEI_CRASH_KILLS").map_or(32, |kills| kills.parse().unwrap());
    println!("HEMEI_CRASH_SEED={seed} HEMEI_CRASH_KILLS={kills}");
    let instance = tokio::task::spawn_blocking(Instance::shared).await.unwrap();
    run(&instance, kills, seed).await.with_context(|| format!("seed {seed}")).unwrap();
}

/// The launcher itself may be killed: its children go with it, and the next start finds everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_launcher_and_starting_again_works() {
    let start = tokio::task::spawn_blocking(|| Instance::start(&[]));
    let mut instance = start.await.unwrap().unwrap();
    let probe = Probe::prepare(&instance.client()).await.unwrap();
    let told = tickets::lifecycle(&probe.cast).await.unwrap();
    let relaunch = tokio::task::spawn_blocking(move || instance.relaunch().map(|()| instance));
    instance = relaunch.await.unwrap().unwrap();
    probe.serving(&instance.client()).await.unwrap();
    let path = format!("/v1/tickets/{}", told["ticket_id"].as_str().unwrap());
    let read = probe.cast.as_courier.get(&path).await.unwrap().success().unwrap();
    assert_eq!(read["etag"], told["etag"]);
    tokio::task::spawn_blocking(|| drop(instance)).await.unwrap();
}
