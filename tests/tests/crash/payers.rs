//! Winners who claim, those who pay them, and what their WeChat and the bank do.
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hemei_tests::{feeds, retry};
use rand::{Rng, seq::IndexedRandom};
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::{Caller, PATIENCE, Question};

/// How the sandbox treats a call: most of the time as it should.
const MODES: [&str; 9] =
    ["HONEST", "SILENT", "LATE", "LOST", "BROKEN", "LIMITED", "REFUSING", "NOT_ENOUGH", "MISSIGNED"];

impl Caller {
    /// One thing after another with some award.
    pub async fn claim_and_pay(mut self) -> Result<()> {
        while !self.bank.stopped() {
            let bank = self.bank.clone();
            let busy = bank.busy.read().await;
            let some = "select payout_id, person_id from finance.payout where district_id = $1 and payout_id <> $2
                    and (state <> 'PAID' or random() < 0.05) and (person_id = any($3) or random() < 0.1)
                order by random() * case when state in ('READY', 'WAITING') then 1 else 5 end limit 1";
            let some =
                sqlx::query_as(some).bind(bank.months.district).bind(bank.payout.parse::<Uuid>()?).bind(bank.winners());
            let some: sqlx::Result<Option<(Uuid, Uuid)>> = some.fetch_optional(&bank.pool).await;
            // the database may be away
            if let Ok(Some((payout, person))) = some {
                match self.random.random_range(0..100) {
                    0..55 => self.claim(payout, person, "WECHAT").await?,
                    55..75 => self.claim(payout, person, "BANK").await?,
                    75..80 => self.claim(payout, person, "IN_PERSON").await?,
                    80..82 => self.pay_in_person(payout).await?,
                    82..87 => {
                        self.settle("return an award", payout, "return", json!({"reason": "联系不上获奖人"})).await?
                    }
                    87..94 => self.settle("offer an award", payout, "offer", json!({})).await?,
                    _ => {
                        self.settle("cancel a transfer", payout, "cancel_transfer", json!({"reason": "获奖人换号"}))
                            .await?
                    }
                }
            }
            drop(busy);
            self.pause(600).await;
        }
        Ok(())
    }

    async fn claim(&mut self, payout: Uuid, person: Uuid, method: &str) -> Result<()> {
        let bank = self.bank.clone();
        let Some(winner) = bank.winners.get(&person) else { return Ok(()) };
        let path = format!("/v1/payouts/{payout}:claim");
        let body = json!({"method": method, "account_name": "王大力", "account_number": "6222020000001234",
            "js_code": format!("demo:{payout}:{}", Uuid::now_v7())});
        let what = if method == "WECHAT" { "claim by WeChat" } else { "claim otherwise" };
        let question = Question { what, who: winner, path: &path, body: &body, same: &["payout_id"], lasting: false };
        self.ask(&question).await.map(drop)
    }

    /// Something that an administrator does, and that others may undo at once.
    async fn settle(&mut self, what: &'static str, payout: Uuid, verb: &str, body: Value) -> Result<()> {
        let bank = self.bank.clone();
        let path = format!("/v1/payouts/{payout}:{verb}");
        let question =
            Question { what, who: &bank.admin, path: &path, body: &body, same: &["payout_id"], lasting: false };
        self.ask(&question).await.map(drop)
    }

    /// The money is handed over when it is recorded, not before.
    async fn pay_in_person(&mut self, payout: Uuid) -> Result<()> {
        let bank = self.bank.clone();
        let path = format!("/v1/payouts/{payout}:pay_in_person");
        let body = json!({"signature_media_id": bank.signature});
        let question = Question {
            what: "pay in person",
            who: &bank.admin,
            path: &path,
            body: &body,
            same: &["payout_id", "state", "net_fen", "changed_at"],
            lasting: false,
        };
        if let Some(paid) = self.ask(&question).await? {
            let fen = paid["net_fen"].as_i64().context("net_fen")?;
            bank.write(|told| told.outside.cash.insert(payout, fen));
        }
        Ok(())
    }

    /// Sends files to the bank, which pays some lines and refuses others, and records what it did.
    pub async fn keep_the_bank(mut self) -> Result<()> {
        while !self.bank.stopped() {
            let bank = self.bank.clone();
            let busy = bank.busy.read().await;
            let batch = Uuid::now_v7();
            let question = Question {
                what: "file for the bank",
                who: &bank.admin,
                path: "/v1/payout-batches",
                body: &json!({"batch_id": batch}),
                same: &["batch_id", "payouts", "net_fen", "csv"],
                lasting: true,
            };
            let file = self.must(&question).await?;
            let csv = file["csv"].as_str().context("a file")?;
            for line in csv.lines().skip(1) {
                let mut fields = line.rsplit(',');
                let payout: Uuid = fields.next().context("an id")?.parse().with_context(|| line.to_owned())?;
                let fen: i64 = fields.nth(1).context("yuan")?.replace('.', "").parse()?;
                self.pay_line(batch, payout, fen).await?;
            }
            drop(busy);
            self.pause(1_000).await;
        }
        Ok(())
    }

    async fn pay_line(&mut self, batch: Uuid, payout: Uuid, fen: i64) -> Result<()> {
        let (bank, paid) = (self.bank.clone(), self.random.random_bool(0.2));
        // the bank does it, then it is recorded
        bank.write(|told| told.outside.bank.insert((batch, payout), paid.then_some(fen)));
        let path = format!("/v1/payouts/{payout}:bank_result");
        let body = json!({"batch_id": batch, "paid": paid, "reason": "户名不符"});
        let question = Question {
            what: "line of a file",
            who: &bank.admin,
            path: &path,
            body: &body,
            same: &["payout_id"],
            lasting: paid,
        };
        // one that the bank refused may be on another way before this answer is had again
        self.ask(&question).await.map(drop)
    }

    /// What the winners do with their WeChat, and what WeChat does to us.
    pub async fn use_wechat(mut self) -> Result<()> {
        while !self.bank.stopped() {
            let bank = self.bank.clone();
            let busy = bank.busy.read().await;
            let call = ["LOGIN", "CREATE", "QUERY", "CANCEL"].choose(&mut self.random).context("a call")?;
            let mode = if self.random.random_bool(0.75) {
                MODES[0]
            } else {
                MODES.choose(&mut self.random).context("a mode")?
            };
            bank.wechat("modes", &json!({"call": call, "mode": mode, "times": self.random.random_range(1..3)})).await?;
            for transfer in bank.transfers().await? {
                let which = json!({"out_bill_no": transfer["out_bill_no"]});
                match (transfer["state"].as_str().unwrap_or_default(), self.random.random_range(0..100)) {
                    ("WAIT_USER_CONFIRM", 0..10) => self.bank.wechat("confirm", &which).await?,
                    ("WAIT_USER_CONFIRM", 10..50) => self.bank.wechat("expire", &which).await?,
                    ("PROCESSING", 0..60) => self.bank.wechat("top-up", &which).await?,
                    (_, 98..) => {
                        let notice = json!({"out_bill_no": transfer["out_bill_no"], "times": 3,
                            "forged": self.random.random_bool(0.2), "minutes_old": self.random.random_range(0..9)});
                        self.bank.wechat("notify", &notice).await?;
                    }
                    _ => {}
                }
            }
            drop(busy);
            self.pause(800).await;
        }
        Ok(())
    }
}

impl super::bank::Bank {
    fn winners(&self) -> Vec<Uuid> {
        self.winners.keys().copied().collect()
    }

    /// Does something in the sandbox, until it is done.
    pub async fn wechat(&self, what: &'static str, body: &Value) -> Result<()> {
        let path = format!("/sandbox/wechat/{what}");
        retry::post(&self.anyone, &path, body, PATIENCE)
            .await?
            .success()
            .with_context(|| format!("{path} with {body}"))?;
        self.count(what);
        Ok(())
    }

    /// The transfers as WeChat has them.
    pub async fn transfers(&self) -> Result<Vec<Value>> {
        let begun = Instant::now();
        loop {
            match self.anyone.get("/sandbox/wechat/transfers").await {
                Ok(answer) if answer.status.is_success() => {
                    return Ok(answer.json()["transfers"].as_array().context("transfers")?.clone());
                }
                last if begun.elapsed() > PATIENCE => bail!("WeChat's transfers cannot be read: {last:?}"),
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Lets every winner have their award: WeChat behaves, what was given up is offered again, claimed and confirmed.
    pub async fn let_all_be_paid(&self) -> Result<()> {
        for call in ["LOGIN", "CREATE", "QUERY", "CANCEL"] {
            self.wechat("modes", &json!({"call": call, "mode": "HONEST", "times": 0})).await?;
        }
        let winners = self.winners();
        let ended = async || {
            for transfer in self.transfers().await? {
                let which = json!({"out_bill_no": transfer["out_bill_no"]});
                match transfer["state"].as_str().unwrap_or_default() {
                    "WAIT_USER_CONFIRM" => self.wechat("confirm", &which).await?,
                    "PROCESSING" => self.wechat("top-up", &which).await?,
                    _ => {}
                }
            }
            let ordered =
                "select not exists (select from incentives.month where state = 'APPROVED' and publish_at <= now())";
            let ordered: bool = sqlx::query_scalar(ordered).fetch_one(&self.pool).await?;
            feeds::quiet(&self.pool).await?;
            sqlx::query(LONGER_AGO).execute(&self.pool).await?;
            let unpaid =
                sqlx::query_as(UNPAID).bind(self.months.district).bind(self.payout.parse::<Uuid>()?).bind(&winners);
            let unpaid: Vec<(Uuid, Uuid, String, String)> = unpaid.fetch_all(&self.pool).await?;
            for (payout, person, state, method) in &unpaid {
                let (path, code) = (format!("/v1/payouts/{payout}"), format!("demo:{payout}:{}", Uuid::now_v7()));
                // what another was faster with is right as well
                match (state.as_str(), method.as_str()) {
                    ("RETURNED", _) => self.admin.post(&format!("{path}:offer"), &json!({})).await.map(drop)?,
                    ("READY", "BANK" | "IN_PERSON" | "") => {
                        let body = json!({"method": "WECHAT", "js_code": code});
                        self.winners[person].post(&format!("{path}:claim"), &body).await.map(drop)?;
                    }
                    _ => {}
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok((ordered && unpaid.is_empty()).then_some(()))
        };
        retry::until("every winner is paid", PATIENCE * 2, ended).await
    }
}

/// What the winners who can sign in do not have, and what is under way.
const UNPAID: &str = "select payout_id, person_id, state, coalesce(method, '') from finance.payout
    where district_id = $1 and payout_id <> $2 and (person_id = any($3) or state = 'SENT') and state <> 'PAID'";

/// Ten minutes pass for what WeChat refused some seconds ago, and all is looked at.
pub const LONGER_AGO: &str = "update finance.wechat_transfer set next_at = now(), refused_at = case
        when refused_at between now() - interval '9 minutes' and now() - interval '3 seconds' then refused_at - interval '10 minutes'
        else refused_at end
    where next_at > now()";
