//! Callers around the counter: members who redeem and cancel, staff who hand over, take back, count, grant and undo.
use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use hemei_tests::{Client, audit::Reached};
use rand::{Rng, seq::IndexedRandom};
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::{Caller, Question};

fn id_of(answer: &Value, field: &str) -> Result<Uuid> {
    Ok(answer[field].as_str().with_context(|| format!("{field} in {answer}"))?.parse()?)
}

/// The number of the transfer that an entry belongs to.
fn transfer(entry_id: &Value) -> Result<i64> {
    let text = entry_id.as_str().unwrap_or_default();
    text.split('-').next().unwrap_or_default().parse().with_context(|| format!("an entry's id: {text}"))
}

impl Caller {
    /// One thing by chance after another.
    pub async fn tell(mut self) -> Result<()> {
        while !self.bank.stopped() {
            let bank = self.bank.clone();
            let busy = bank.busy.read().await;
            match self.random.random_range(0..100) {
                0..42 => self.redeem().await?,
                42..54 => self.cancel().await?,
                54..58 => self.hand_over().await?,
                58..65 => self.hand_over_many().await?,
                65..73 => self.take_back().await?,
                73..82 => self.grant().await?,
                82..90 => self.reverse().await?,
                90..96 => self.count_shelf().await?,
                _ => self.import().await?,
            }
            drop(busy);
            self.pause(1500).await;
        }
        Ok(())
    }

    fn member(&mut self) -> usize {
        self.random.random_range(0..self.bank.members.len())
    }

    fn worker(&mut self) -> Client {
        self.bank.workers.choose(&mut self.random).expect("a worker").clone()
    }

    async fn redeem(&mut self) -> Result<()> {
        let (bank, member, id) = (self.bank.clone(), self.member(), Uuid::now_v7());
        let voucher = self.random.random_bool(0.1);
        let prize = if voucher { &bank.voucher } else { bank.goods.choose(&mut self.random).context("a prize")? };
        let quantity = if voucher { 1 } else { self.random.random_range(1..=3) };
        let body = json!({"redemption_id": id, "prize_id": prize, "quantity": quantity});
        let question = Question {
            what: "redeem",
            who: &bank.members[member].client,
            path: "/v1/redemptions",
            body: &body,
            same: &["redemption_id", "prize_id", "quantity", "points", "created_at", "prize_kind"],
            lasting: true,
        };
        let Some(answer) = self.ask(&question).await? else { return Ok(()) };
        bank.redeemed(member, &answer)
    }

    async fn cancel(&mut self) -> Result<()> {
        let bank = self.bank.clone();
        let Some(reservation) = bank.some_reserved(&mut self.random, 1).pop() else { return Ok(()) };
        let path = format!("/v1/redemptions/{}:cancel", reservation.id);
        let question = Question {
            what: "cancel",
            who: &bank.members[reservation.member].client,
            path: &path,
            body: &json!({}),
            same: &["redemption_id", "state", "ended_at"],
            lasting: false,
        };
        if self.ask(&question).await?.is_some() {
            bank.reached(reservation.id, Reached::Cancelled, false)?;
        }
        Ok(())
    }

    /// When it was handed out, for a device without a network; mostly now.
    fn handed_over_at(&mut self) -> Option<String> {
        let late = self.random.random_bool(0.3);
        late.then(|| (Utc::now() - TimeDelta::milliseconds(self.random.random_range(0..20_000))).to_rfc3339())
    }

    fn handed_over(&self, redemption_id: Uuid) -> Result<()> {
        if self.bank.reached(redemption_id, Reached::HandedOver, false)? {
            self.bank.handed_over.lock().unwrap().push(redemption_id);
        }
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<()> {
        let (bank, worker) = (self.bank.clone(), self.worker());
        let Some(reservation) = bank.some_reserved(&mut self.random, 1).pop() else { return Ok(()) };
        let body = json!({"code": reservation.code, "handed_over_at": self.handed_over_at()});
        let question = Question {
            what: "hand over",
            who: &worker,
            path: "/v1/redemptions:hand_over",
            body: &body,
            same: &["redemption_id", "state", "handed_over_at"],
            lasting: false,
        };
        let Some(answer) = self.ask(&question).await? else { return Ok(()) };
        self.handed_over(id_of(&answer, "redemption_id")?)
    }

    async fn hand_over_many(&mut self) -> Result<()> {
        let (bank, worker, many) = (self.bank.clone(), self.worker(), self.random.random_range(2..6));
        let mut items: Vec<_> = bank
            .some_reserved(&mut self.random, many)
            .into_iter()
            .map(|reservation| json!({"code": reservation.code, "handed_over_at": self.handed_over_at()}))
            .collect();
        while !items.is_empty() {
            let question = Question {
                what: "hand over many",
                who: &worker,
                path: "/v1/redemptions:hand_over_many",
                body: &json!({"items": items}),
                same: &[],
                lasting: false,
            };
            let mut again = Vec::new();
            for answer in self.ask_all(&question).await? {
                let outcomes = answer["outcomes"].as_array().context("outcomes")?;
                for outcome in outcomes.iter().filter(|outcome| outcome["redemption"].is_object()) {
                    self.handed_over(id_of(&outcome["redemption"], "redemption_id")?)?;
                }
                again = outcomes.iter().map(|outcome| outcome["retryable"] == true).collect();
            }
            // what could not be answered, be it done or not, is told again
            let mut again = again.into_iter();
            items.retain(|_| again.next() == Some(true));
        }
        Ok(())
    }

    async fn take_back(&mut self) -> Result<()> {
        let (bank, worker, restock) = (self.bank.clone(), self.worker(), self.random.random_bool(0.6));
        // taken out, so that nobody else takes the same back with another body
        let Some(id) = bank.handed_over.lock().unwrap().pop() else { return Ok(()) };
        let path = format!("/v1/redemptions/{id}:take_back");
        let question = Question {
            what: "take back",
            who: &worker,
            path: &path,
            body: &json!({"restock": restock, "reason": "拉链坏了"}),
            same: &["redemption_id", "state", "ended_at"],
            lasting: true,
        };
        self.must(&question).await?;
        bank.reached(id, Reached::Returned, !restock).map(drop)
    }

    async fn grant(&mut self) -> Result<()> {
        let (bank, id, points) = (self.bank.clone(), Uuid::now_v7(), self.random.random_range(20..=120));
        let many = self.random.random_range(1..6);
        let people: Vec<Uuid> = bank.members.choose_multiple(&mut self.random, many).map(|member| member.id).collect();
        let body = json!({"activity_id": id, "name": "清雪", "points": points, "person_ids": people});
        let question = Question {
            what: "grant",
            who: &bank.admin,
            path: "/v1/points:grant",
            body: &body,
            same: &["points"],
            lasting: true,
        };
        self.must(&question).await?;
        bank.write(|told| told.activities.insert(id, (points, people.len() as i64)));
        Ok(())
    }

    /// Undoes something that a member got or lost.
    async fn reverse(&mut self) -> Result<()> {
        let (bank, member) = (self.bank.clone(), self.member());
        let path = format!("/v1/members/{}/points/entries?page_size=100", bank.members[member].id);
        let Some(entries) = self.read(&bank.admin, &path).await? else { return Ok(()) };
        let entries = entries["entries"].as_array().context("entries")?;
        let undoable = |entry: &&Value| {
            entry["bucket"] == "AVAILABLE" && ["GRANT", "ACTIVATE", "EXPIRE"].iter().any(|kind| entry["kind"] == *kind)
        };
        let undoable: Vec<_> = entries.iter().filter(undoable).collect();
        let Some(entry) = undoable.choose(&mut self.random) else { return Ok(()) };
        let path = format!("/v1/points/entries/{}:reverse", entry["entry_id"].as_str().context("an id")?);
        let question = Question {
            what: "reverse",
            who: &bank.admin,
            path: &path,
            body: &json!({"reason": "登记错误"}),
            same: &["entry_id", "reverses", "amount", "at"],
            lasting: true,
        };
        let Some(answer) = self.ask(&question).await? else { return Ok(()) };
        let (undone, by) = (transfer(&answer["reverses"])?, transfer(&answer["entry_id"])?);
        bank.write(|told| told.reversals.insert(undone, by));
        Ok(())
    }

    /// Counts a shelf, on which something was lost or left.
    async fn count_shelf(&mut self) -> Result<()> {
        let (bank, worker, id) = (self.bank.clone(), self.worker(), Uuid::now_v7());
        let prize = bank.goods.choose(&mut self.random).context("a prize")?;
        let there = "select stock + (select coalesce(sum(r.quantity), 0)::bigint from incentives.redemption r
                where r.district_id = p.district_id and r.prize_id = p.prize_id and r.state = 'RESERVED')
            from incentives.prize p where p.prize_id = $1";
        let there: sqlx::Result<i64> =
            sqlx::query_scalar(there).bind(prize.parse::<Uuid>()?).fetch_one(&bank.pool).await;
        // the database may be away
        let Ok(there) = there else { return Ok(()) };
        let counted = (there + self.random.random_range(-3..=6)).max(0);
        let path = format!("/v1/prizes/{prize}/stock-takes");
        let question = Question {
            what: "count",
            who: &worker,
            path: &path,
            body: &json!({"stock_take_id": id, "counted": counted, "note": "盘点"}),
            same: &["stock_take_id", "counted", "expected", "difference"],
            lasting: true,
        };
        let Some(answer) = self.ask(&question).await? else { return Ok(()) };
        let difference = answer["difference"].as_i64().context("a difference")?;
        bank.write(|told| told.stock_takes.insert(id, (prize.parse().expect("an id"), counted, difference)));
        Ok(())
    }

    /// Brings more codes of the shop.
    async fn import(&mut self) -> Result<()> {
        let (bank, id) = (self.bank.clone(), Uuid::now_v7());
        let codes: Vec<_> = (0..3).map(|number| format!("{}-{number}", id.simple())).collect();
        let path = format!("/v1/prizes/{}/voucher-codes", bank.voucher);
        let question = Question {
            what: "import",
            who: &bank.admin,
            path: &path,
            body: &json!({"import_id": id, "codes": codes}),
            same: &["import_id", "added", "known"],
            lasting: true,
        };
        let answer = self.must(&question).await?;
        let added = answer["added"].as_i64().context("a number")?;
        bank.write(|told| told.imports.insert(id, (bank.voucher.parse().expect("an id"), added)));
        Ok(())
    }
}
