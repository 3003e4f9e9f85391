//! The signature test: the real binary under load, `kill -9` of anything at any moment, and an auditor over the raw rows.
use std::{
    env,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use hemei_tests::{Client, Instance, audit, audit::Acknowledged, feeds, people, retry, tickets, tickets::Cast};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::json;
use uuid::Uuid;

const TARGETS: [&str; 8] =
    ["residents", "tickets", "incentives", "finance", "gateway", "postgres", "redis", "flushall"];
/// Everything serves again this soon after a kill.
const RECOVERY: Duration = Duration::from_secs(10);
/// A client gives up retrying after this; several kills may follow each other.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Clone)]
struct Load {
    cast: Cast,
    manager: Client,
    admin: Client,
    /// The courier whose points come and go.
    member: String,
    fund: String,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Acknowledged>>,
    done: Arc<AtomicUsize>,
}

impl Load {
    async fn prepare(client: &Client) -> Result<Self> {
        let people = people::all(client).await?;
        let district = people[0].district_id.clone();
        let cast = Cast::find(client, &district).await?;
        let manager = people.iter().find(|person| person.role == "property_manager").context("a property manager")?;
        let fund = format!("/v1/funds/{}", manager.place_id);
        let admin = people.iter().find(|person| person.role == "district_admin" && person.district_id == district);
        let admin = people::sign_in(client, admin.context("a district admin")?).await?;
        let member = cast.as_courier.get("/v1/me").await?.success()?["person_id"].as_str().context("an id")?.to_owned();
        let manager = people::sign_in(client, manager).await?;
        let (stop, acknowledged, done) = Default::default();
        Ok(Self { cast, manager, admin, member, fund, stop, acknowledged, done })
    }

    fn write(&self, note: impl FnOnce(&mut Acknowledged)) {
        note(&mut self.acknowledged.lock().unwrap());
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Reports and takes tickets through their lives, repeating every request until it is answered.
    async fn report_and_resolve(self) -> Result<()> {
        while !self.stop.load(Ordering::Relaxed) {
            let id = Uuid::now_v7();
            let body = tickets::report(id, &self.cast.courier);
            retry::post(&self.cast.as_courier, "/v1/tickets", &body, PATIENCE).await?.success()?;
            self.write(|told| {
                told.tickets.insert(id, vec!["report"]);
            });
            for (step, body) in tickets::steps(self.cast.department()) {
                let path = format!("/v1/tickets/{id}:{step}");
                let answer = retry::post(tickets::actor(&self.cast, step), &path, &body, PATIENCE).await?;
                answer.success().with_context(|| format!("{step} of {id}"))?;
                self.write(|told| told.tickets.get_mut(&id).unwrap().push(step));
            }
        }
        Ok(())
    }

    async fn keep_the_fund(self) -> Result<()> {
        let path = format!("{}/entries", self.fund);
        let mut number = 0_i64;
        while !self.stop.load(Ordering::Relaxed) {
            number += 1;
            let (kind, amount) = if number % 3 == 0 { ("SPENDING", number) } else { ("INCOME", number * 7) };
            let id = Uuid::now_v7();
            let body = json!({"entry_id": id, "kind": kind, "purpose": "REPAIR", "amount_fen": amount, "text": "压测"});
            retry::post(&self.manager, &path, &body, PATIENCE).await?.success()?;
            self.write(|told| {
                told.fund_entries.insert(id, amount);
            });
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn redeem_and_cancel(self) -> Result<()> {
        let courier = &self.cast.as_courier;
        let prizes = courier.get("/v1/prizes").await?.success()?;
        let prize = prizes["prizes"].as_array().and_then(|prizes| {
            prizes.iter().find(|prize| prize["kind"] == "GOODS" && prize["stock"].as_i64() > Some(5))
        });
        let prize_id = prize.context("a prize in stock")?["prize_id"].clone();
        while !self.stop.load(Ordering::Relaxed) {
            let id = Uuid::now_v7();
            let body = json!({"redemption_id": id, "prize_id": prize_id, "quantity": 1});
            let answer = retry::post(courier, "/v1/redemptions", &body, PATIENCE).await?;
            if answer.code() == "POINTS_INSUFFICIENT" {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
            answer.success()?;
            self.write(|told| {
                told.redemptions.insert(id, "RESERVED");
            });
            let path = format!("/v1/redemptions/{id}:cancel");
            retry::post(courier, &path, &json!({}), PATIENCE).await?.success()?;
            self.write(|told| {
                told.redemptions.insert(id, "CANCELLED");
            });
        }
        Ok(())
    }

    /// Gives points for activities, takes some of them back, and fills the award fund.
    async fn grant_and_reverse(self) -> Result<()> {
        let entries = format!("/v1/members/{}/points/entries?page_size=200", self.member);
        for number in 1_i64.. {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let id = Uuid::now_v7();
            let body =
                json!({"activity_id": id, "name": "清雪", "points": number % 5 + 1, "person_ids": [self.member]});
            retry::post(&self.admin, "/v1/points:grant", &body, PATIENCE).await?.success()?;
            self.write(|told| {
                told.activities.insert(id, false);
            });
            let entry = Uuid::now_v7();
            let body = json!({"entry_id": entry, "amount_fen": number, "text": "压测"});
            retry::post(&self.admin, "/v1/award-fund:add", &body, PATIENCE).await?.success()?;
            self.write(|told| {
                told.fund_entries.insert(entry, number);
            });
            let Ok(given) = self.admin.get(&entries).await.and_then(|answer| answer.success()) else { continue };
            let given = given["entries"].as_array().context("entries")?;
            let Some(given) = given.iter().find(|entry| entry["activity_id"] == json!(id)) else { continue };
            let path = format!("/v1/points/entries/{}:reverse", given["entry_id"].as_str().context("an id")?);
            let answer = retry::post(&self.admin, &path, &json!({"reason": "登记错误"}), PATIENCE).await?;
            // it may have been spent meanwhile
            if answer.code() != "POINTS_INSUFFICIENT" {
                answer.success()?;
                self.write(|told| {
                    told.activities.insert(id, true);
                });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// One call into every service, until all succeed.
    async fn serving(&self, client: &Client) -> Result<Duration> {
        let begun = Instant::now();
        let left = || RECOVERY.saturating_sub(begun.elapsed());
        let probe = async |who: &Client, path: &str| -> Result<()> {
            let ask = async || Ok(who.get(path).await?.status.is_success().then_some(()));
            retry::until(path, left(), ask).await
        };
        probe(&self.cast.as_courier, "/v1/me").await?;
        probe(&self.cast.as_courier, "/v1/tickets?mine=true&page_size=1").await?;
        probe(&self.cast.as_courier, "/v1/points").await?;
        probe(&self.manager, &self.fund).await?;
        retry::post(client, "/v1/session-codes", &json!({"phone": "19955559999"}), left()).await?.success()?;
        let body = tickets::report(Uuid::now_v7(), &self.cast.courier);
        retry::post(&self.cast.as_courier, "/v1/tickets", &body, left()).await?.success()?;
        Ok(begun.elapsed())
    }
}

async fn strike(instance: &Instance, target: &str) -> Result<()> {
    if target != "flushall" {
        return instance.kill(target);
    }
    let url = instance.run_file()?["redis_url"].as_str().context("redis_url")?.to_owned();
    let mut redis = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    redis::cmd("FLUSHALL").query_async::<()>(&mut redis).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_whatever_is_killed() {
    let seed: u64 = env::var("HEMEI_CRASH_SEED").ok().map_or_else(rand::random, |seed| seed.parse().unwrap());
    let kills: usize = env::var("HEMEI_CRASH_KILLS").map_or(32, |kills| kills.parse().unwrap());
    println!("HEMEI_CRASH_SEED={seed} HEMEI_CRASH_KILLS={kills}");
    let mut random = StdRng::seed_from_u64(seed);
    let instance = tokio::task::spawn_blocking(Instance::shared).await.unwrap();
    let load = Load::prepare(&instance.client()).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        workers.spawn(load.clone().report_and_resolve());
    }
    workers.spawn(load.clone().keep_the_fund());
    workers.spawn(load.clone().redeem_and_cancel());
    workers.spawn(load.clone().grant_and_reverse());

    let mut slowest = Duration::ZERO;
    for number in 0..kills {
        // Each target at least once, then by chance.
        let target = TARGETS.get(number).copied().unwrap_or_else(|| TARGETS.choose(&mut random).unwrap());
        tokio::time::sleep(Duration::from_millis(random.random_range(50..1200))).await;
        strike(&instance, target).await.with_context(|| format!("kill {number}: {target}")).unwrap();
        let took = load
            .serving(&instance.client())
            .await
            .with_context(|| format!("seed {seed}, kill {number}: {target}"))
            .unwrap();
        println!("kill {number:2} {target:10} serving again after {:4} ms", took.as_millis());
        slowest = slowest.max(took);
    }
    load.stop.store(true, Ordering::Relaxed);
    while let Some(worker) = workers.join_next().await {
        worker.unwrap().with_context(|| format!("seed {seed}")).unwrap();
    }
    let done = load.done.load(Ordering::Relaxed);
    println!("{done} requests acknowledged over {kills} kills, slowest recovery {} ms", slowest.as_millis());
    assert!(done > 500, "the load was real: {done}");
    let pool = audit::open(&instance.database_url().unwrap()).await.unwrap();
    feeds::quiet(&pool).await.with_context(|| format!("seed {seed}")).unwrap();
    let acknowledged = load.acknowledged.lock().unwrap().clone();
    audit::all(&pool, &acknowledged).await.with_context(|| format!("seed {seed}")).unwrap();
}

/// The launcher itself may be killed: its children go with it, and the next start finds everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_launcher_and_starting_again_works() {
    let start = tokio::task::spawn_blocking(|| Instance::start(&[]));
    let mut instance = start.await.unwrap().unwrap();
    let load = Load::prepare(&instance.client()).await.unwrap();
    let told = tickets::lifecycle(&load.cast).await.unwrap();
    let relaunch = tokio::task::spawn_blocking(move || instance.relaunch().map(|()| instance));
    instance = relaunch.await.unwrap().unwrap();
    load.serving(&instance.client()).await.unwrap();
    let path = format!("/v1/tickets/{}", told["ticket_id"].as_str().unwrap());
    let read = load.cast.as_courier.get(&path).await.unwrap().success().unwrap();
    assert_eq!(read["etag"], told["etag"]);
    tokio::task::spawn_blocking(|| drop(instance)).await.unwrap();
}
