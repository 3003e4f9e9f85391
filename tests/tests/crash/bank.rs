//! What all callers share: whom and what it is about, and what they were told.
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use hemei_tests::{
    Client, audit,
    audit::{Acknowledged, Reached, Redeemed, payouts::Outside},
    feeds, people,
};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::RwLock;
use uuid::Uuid;

use super::{months::Months, payers::LONGER_AGO, probe::Probe};

/// Members who earn and spend.
const MEMBERS: usize = 40;
/// Who works at the pick-up point: so many that nobody enters more codes than one person may.
const WORKERS: usize = 24;
/// Points that everybody has at the start.
const START: i64 = 400;
/// The smallest of photos.
const PHOTO: &[u8] = include_bytes!("photo.jpg");
/// Redemptions that somebody may still do something with.
const RECENT: usize = 60;

pub struct Member {
    pub id: Uuid,
    pub client: Client,
    pub person: people::Person,
}

/// A reservation with its code and the number of its member.
#[derive(Clone)]
pub struct Reservation {
    pub id: Uuid,
    pub code: String,
    pub member: usize,
}

pub struct Bank {
    pub probe: Probe,
    pub admin: Client,
    pub members: Vec<Member>,
    pub workers: Vec<Client>,
    pub goods: Vec<String>,
    pub voucher: String,
    pub payout: String,
    pub months: Months,
    /// Those whom the months may pay.
    pub winners: HashMap<Uuid, Client>,
    /// The photo of a signature.
    pub signature: String,
    pub anyone: Client,
    pub pool: PgPool,
    /// Held by callers while they do something: whoever takes all of it finds that nobody is asking.
    pub busy: RwLock<()>,
    pub stop: AtomicBool,
    pub told: Mutex<Acknowledged>,
    pub reserved: Mutex<VecDeque<Reservation>>,
    pub handed_over: Mutex<Vec<Uuid>>,
    /// How often each kind of call was answered, and refused with what.
    pub counts: Mutex<BTreeMap<String, usize>>,
}

/// Appoints those at the pick-up point.
async fn workers(client: &Client, admin: &Client, pickup: &Value) -> Result<Vec<Client>> {
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        let phone = format!("199777{number:05}");
        let body = json!({"post_id": Uuid::now_v7(), "phone": phone, "name": format!("工作者{number}"),
            "role": "community_worker", "place_id": pickup});
        admin.post("/v1/posts", &body).await?.success()?;
        let session = people::session(client, &phone, None).await?;
        workers.push(client.with_token(session["access_token"].as_str().context("a token")?));
    }
    Ok(workers)
}

impl Bank {
    pub async fn open(client: &Client, database_url: &str) -> Result<Arc<Self>> {
        let probe = Probe::prepare(client).await?;
        let district = probe.cast.courier.district_id.clone();
        let here: Vec<_> = people::all(client).await?;
        let here = |role: &str| -> Vec<_> {
            here.iter().filter(|person| person.role == role && person.district_id == district).cloned().collect()
        };
        let mut members = Vec::new();
        for person in
            here("courier").into_iter().skip(1).take(MEMBERS / 2).chain(here("resident").into_iter().take(MEMBERS / 2))
        {
            let signed_in = people::sign_in(client, &person).await?;
            members.push(Member { id: person.person_id.parse()?, client: signed_in, person });
        }
        let admin = people::sign_in(client, here("district_admin").first().context("a district admin")?).await?;
        let prizes = probe.cast.as_courier.get("/v1/prizes").await?.success()?["prizes"].clone();
        let prizes = prizes.as_array().context("prizes")?;
        let pickup = &prizes.first().context("a prize")?["pickup_place_id"];
        let workers = workers(client, &admin, pickup).await?;
        let of = |kind: &str| -> Vec<String> {
            let of = prizes.iter().filter(|prize| prize["kind"] == kind);
            of.filter_map(|prize| Some(prize["prize_id"].as_str()?.to_owned())).collect()
        };
        let (goods, voucher) = (of("GOODS"), of("VOUCHER").pop().context("a voucher")?);
        let payouts = admin.get("/v1/payouts?state=READY").await?.success()?;
        let payout = payouts["payouts"][0]["payout_id"].as_str().context("a payout that is ready")?.to_owned();
        let pool = audit::open(database_url).await?;
        let coordinator = people::sign_in(client, here("coordinator").first().context("a coordinator")?).await?;
        let mut months = Months::closed(&pool, (&admin, coordinator), &district).await?;
        let winners = months.winners(&pool, client).await?;
        println!("{} closed months, {} winners", months.months.len(), winners.len());
        let signature = admin.upload(PHOTO).await?.success()?["media_id"].as_str().context("a photo")?.to_owned();
        let mut told = Acknowledged { pieces: audit::prizes::pieces(&pool).await?, ..Acknowledged::default() };
        told.outside.earlier = audit::payouts::ordered(&pool).await?;
        let (busy, stop, reserved, handed_over, counts) = Default::default();
        let told = Mutex::new(told);
        let bank = Self {
            probe,
            admin,
            members,
            workers,
            goods,
            voucher,
            payout,
            months,
            winners,
            signature,
            anyone: client.clone(),
            pool,
            busy,
            stop,
            told,
            reserved,
            handed_over,
            counts,
        };
        bank.endow().await?;
        Ok(Arc::new(bank))
    }

    /// Gives everybody something to begin with.
    async fn endow(&self) -> Result<()> {
        let people: Vec<Uuid> = self.members.iter().map(|member| member.id).collect();
        let id = Uuid::now_v7();
        let body = json!({"activity_id": id, "name": "社区服务日", "points": START, "person_ids": people});
        self.admin.post("/v1/points:grant", &body).await?.success()?;
        self.write(|told| told.activities.insert(id, (START, people.len() as i64)));
        Ok(())
    }

    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Notes what was answered.
    pub fn write<T>(&self, note: impl FnOnce(&mut Acknowledged) -> T) -> T {
        note(&mut self.told.lock().unwrap())
    }

    pub fn count(&self, what: &str) {
        *self.counts.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }

    /// Notes how far a redemption has come; true where nobody knew.
    pub fn reached(&self, id: Uuid, reached: Reached, written_off: bool) -> Result<bool> {
        self.write(|told| {
            let known = told.redemptions.get_mut(&id).context("a redemption that was never acknowledged")?;
            let news = known.reached < reached;
            if news {
                (known.reached, known.written_off) = (reached, written_off);
            }
            Ok(news)
        })
    }

    /// Notes a new reservation, or a voucher that was given.
    pub fn redeemed(&self, member: usize, answer: &Value) -> Result<()> {
        let id: Uuid = answer["redemption_id"].as_str().context("an id")?.parse()?;
        let reached = if answer["state"] == "HANDED_OVER" { Reached::HandedOver } else { Reached::Reserved };
        let redeemed = Redeemed {
            prize_id: answer["prize_id"].as_str().context("a prize")?.parse()?,
            person_id: self.members[member].id,
            quantity: answer["quantity"].as_i64().context("a quantity")?,
            points: answer["points"].as_i64().context("points")?,
            reached,
            written_off: false,
        };
        self.write(|told| told.redemptions.insert(id, redeemed));
        let code = answer["code"].as_str().unwrap_or_default().to_owned();
        if reached == Reached::Reserved && code.len() == 8 {
            let mut reserved = self.reserved.lock().unwrap();
            reserved.push_back(Reservation { id, code, member });
            if reserved.len() > RECENT {
                reserved.pop_front();
            }
        }
        Ok(())
    }

    /// Some of the newest reservations, whatever has become of them.
    pub fn some_reserved(&self, random: &mut StdRng, many: usize) -> Vec<Reservation> {
        let mut reserved = self.reserved.lock().unwrap();
        reserved.make_contiguous().choose_multiple(random, many).cloned().collect()
    }

    /// Waits until nobody asks and everything is heard, then looks at every row.
    pub async fn quiet_moment(&self) -> Result<()> {
        let _nobody_asks = self.busy.write().await;
        feeds::quiet(&self.pool).await?;
        let told = self.with_wechat().await?;
        audit::all(&self.pool, &told).await
    }

    /// What everybody was told, beside what WeChat has: it is asked first, for finance may hear of an end meanwhile.
    async fn with_wechat(&self) -> Result<Acknowledged> {
        let transfers = self.transfers().await?;
        let mut told = self.told.lock().unwrap().clone();
        let transfer = |one: &Value| {
            let text = |name: &str| Some(one[name].as_str()?.to_owned());
            Some((text("openid")?, one["transfer_amount"].as_i64()?, text("state")?))
        };
        told.outside.wechat = transfers.iter().map(|one| transfer(one).context("a transfer")).collect::<Result<_>>()?;
        Ok(told)
    }

    /// Whether the auditor sees what is wrong: something that was never done, done otherwise, or done once more.
    pub async fn auditor_is_awake(&self) -> Result<()> {
        let lies: [fn(&mut Acknowledged); 12] = [
            |told| told.tickets.extend([(Uuid::now_v7(), vec!["report"])]),
            |told| told.activities.values_mut().take(1).for_each(|(_, people)| *people += 1),
            |told| told.reversals.values_mut().take(1).for_each(|by| *by += 1),
            |told| told.redemptions.values_mut().take(1).for_each(|one| one.quantity += 1),
            |told| told.stock_takes.values_mut().take(1).for_each(|(.., difference)| *difference += 1),
            |told| told.pieces.values_mut().take(1).for_each(|pieces| *pieces -= 1),
            |told| told.fund_entries.extend([(Uuid::now_v7(), 1)]),
            |told| told.payouts.values_mut().for_each(|(times, _)| *times += 1),
            |told| told.outside.months.values_mut().for_each(|state| *state = "CLOSED".to_owned()),
            |told| told.outside.earlier.clear(),
            // what had failed was paid all the same
            |told| told.outside.wechat.iter_mut().for_each(|(.., state)| *state = "SUCCESS".to_owned()),
            |told| {
                told.outside =
                    Outside { bank: HashMap::new(), cash: HashMap::new(), wechat: Vec::new(), ..told.outside.clone() }
            },
        ];
        for (number, lie) in lies.into_iter().enumerate() {
            let mut told = self.with_wechat().await?;
            lie(&mut told);
            ensure!(audit::all(&self.pool, &told).await.is_err(), "the auditor did not see lie {number}");
        }
        Ok(())
    }

    /// Time passes for some reservations and points: by what is stored their hour has come, and the service ends them.
    pub async fn pass_time(self: Arc<Self>, mut random: StdRng) -> Result<()> {
        let reservation = "update incentives.redemption set expires_at = greatest(now(), created_at + interval '1 ms')
            where redemption_id = (select redemption_id from incentives.redemption where state = 'RESERVED' and expires_at > now()
                order by random() limit 1) and state = 'RESERVED'";
        let lot = "update incentives.lot set expires_at = now() where (district_id, person_id, lot_id) = (
            select district_id, person_id, lot_id from incentives.lot where remaining > 0 and expires_at > now()
            order by random() limit 1)";
        while !self.stopped() {
            let busy = self.busy.read().await;
            let (statement, what) = match random.random_range(0..10) {
                0..5 => (reservation, "reservation runs out"),
                5..8 => (lot, "points run out"),
                _ => (LONGER_AGO, "transfers are looked at"),
            };
            // the database may be away
            if sqlx::query(statement).execute(&self.pool).await.is_ok_and(|done| done.rows_affected() > 0) {
                self.count(what);
            }
            drop(busy);
            tokio::time::sleep(Duration::from_millis(random.random_range(100..600))).await;
        }
        Ok(())
    }
}
