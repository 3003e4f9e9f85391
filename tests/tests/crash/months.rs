//! Who decides about the closed months, and what is known of it: two people approve, take back, correct and approve again.
use std::collections::HashMap;

use anyhow::{Context, Result};
use hemei_tests::{Client, people, people::Person, retry};
use rand::{Rng, seq::IndexedRandom};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::caller::{Caller, PATIENCE};

/// The closed months of the district, and the second of those who approve them.
pub struct Months {
    pub district: Uuid,
    pub coordinator: Client,
    pub months: Vec<String>,
    /// The ranks of those who can sign in, by month.
    pub ranks: HashMap<String, Vec<i32>>,
}

impl Months {
    pub async fn closed(pool: &PgPool, (admin, coordinator): (&Client, Client), district: &str) -> Result<Self> {
        // they close by themselves as soon as the suite is up
        let closed = async || {
            let answer = admin.get("/v1/months").await?.success()?;
            let months =
                answer["months"].as_array().context("months")?.iter().filter(|month| month["state"] == "CLOSED");
            let months: Vec<String> = months.filter_map(|month| Some(month["month"].as_str()?.to_owned())).collect();
            let open = "select exists (select from incentives.score s where s.district_id = $1 and s.points > 0
                and s.month < date_trunc('month', now() at time zone 'Asia/Shanghai')
                and not exists (select from incentives.month m where m.district_id = $1 and m.month >= s.month))";
            let open: bool = sqlx::query_scalar(open).bind(district.parse::<Uuid>()?).fetch_one(pool).await?;
            Ok((!open && !months.is_empty()).then_some(months))
        };
        let months = retry::until("the months have closed", PATIENCE, closed).await?;
        Ok(Self { district: district.parse()?, coordinator, months, ranks: HashMap::new() })
    }

    /// Those who are ranked and can sign in.
    pub async fn winners(&mut self, pool: &PgPool, client: &Client) -> Result<HashMap<Uuid, Client>> {
        let ranked =
            "select to_char(month, 'YYYY-MM'), rank, person_id from incentives.month_rank where district_id = $1
            order by rank";
        let ranked: Vec<(String, i32, Uuid)> = sqlx::query_as(ranked).bind(self.district).fetch_all(pool).await?;
        let people = client.get("/sandbox/people.json?per_role=1000").await?.success()?["people"].clone();
        let people: Vec<Person> = serde_json::from_value(people)?;
        let people: HashMap<_, _> = people.into_iter().map(|one| (one.person_id.clone(), one)).collect();
        let mut winners = HashMap::new();
        for (month, rank, id) in ranked {
            let Some(person) = people.get(&id.to_string()) else { continue };
            if winners.len() == WINNERS && !winners.contains_key(&id) {
                continue;
            }
            winners.insert(id, people::sign_in(client, person).await?);
            self.ranks.entry(month).or_default().push(rank);
        }
        Ok(winners)
    }
}

/// So many can sign in.
const WINNERS: usize = 30;
/// How often the approvals of the last month are taken back; those before are soon paid.
const RETURNS: usize = 3;

impl Caller {
    /// Takes one month after the other to its publication.
    pub async fn keep_the_months(mut self) -> Result<()> {
        let bank = self.bank.clone();
        let mut months = bank.months.months.iter().rev().peekable();
        while let Some(month) = months.next() {
            let wanted = if months.peek().is_some() { 1 } else { RETURNS };
            let mut returns = 0;
            while !bank.stopped() {
                let busy = bank.busy.read().await;
                self.correct(month).await?;
                let twice = self.random.random_bool(0.7);
                let last = returns >= wanted;
                let approved = self.approve(month, twice || last).await?;
                if last {
                    self.publish(month).await?;
                    break;
                }
                self.take_back_approvals(month, &approved).await?;
                returns += 1;
                drop(busy);
                self.pause(200).await;
            }
        }
        while !bank.stopped() {
            self.pause(300).await;
        }
        Ok(())
    }

    /// Asks until there is an answer, and by chance again at once or afterwards: the same again changes nothing.
    async fn decide(&mut self, who: &Client, (what, path): (&'static str, &str), body: &Value) -> Result<Value> {
        let ask =
            || async { retry::post(who, path, body, PATIENCE).await?.success().context(format!("{path} with {body}")) };
        let answer = if self.random.random_bool(0.2) {
            let (one, two) = tokio::join!(ask(), ask());
            one.and(two)?
        } else {
            ask().await?
        };
        let answer = if self.random.random_bool(0.2) { ask().await? } else { answer };
        self.bank.count(what);
        Ok(answer)
    }

    fn left(&self, month: &str, answer: &Value) -> Result<()> {
        let state = answer["state"].as_str().context("a state")?.to_owned();
        self.bank.write(|told| told.outside.months.insert((self.bank.months.district, month.to_owned()), state));
        Ok(())
    }

    /// Sets what somebody gets.
    async fn correct(&mut self, month: &str) -> Result<()> {
        let bank = self.bank.clone();
        let path = format!("/v1/months/{month}/awards");
        for _ in 0..3 {
            let rank = bank.months.ranks.get(month).and_then(|ranks| ranks.choose(&mut self.random)).unwrap_or(&1);
            // as much as WeChat moves, or nothing
            let gross = if self.random.random_bool(0.1) { 0 } else { self.random.random_range(100..5_000) };
            let body = json!({"rank": rank, "gross_fen": gross, "reason": "复核后调整"});
            let answer = self.decide(&bank.admin, ("correct an award", &path), &body).await?;
            self.left(month, &answer)?;
        }
        Ok(())
    }

    /// One approval, or both.
    async fn approve(&mut self, month: &str, twice: bool) -> Result<Value> {
        let (bank, path) = (self.bank.clone(), format!("/v1/months/{month}:approve"));
        let mut people = [&bank.admin, &bank.months.coordinator];
        if self.random.random_bool(0.5) {
            people.reverse();
        }
        let mut answer = Value::Null;
        for who in people.into_iter().take(if twice { 2 } else { 1 }) {
            answer = self.decide(who, ("approve a month", &path), &json!({})).await?;
            self.left(month, &answer)?;
        }
        Ok(answer)
    }

    async fn take_back_approvals(&mut self, month: &str, approved: &Value) -> Result<()> {
        let (bank, path) = (self.bank.clone(), format!("/v1/months/{month}:return"));
        let who = if self.random.random_bool(0.5) { &bank.admin } else { &bank.months.coordinator };
        let body = json!({"version": approved["version"], "reason": "名单有误"});
        let answer = self.decide(who, ("return a month", &path), &body).await?;
        self.left(month, &answer)
    }

    /// By what is stored the list was shown long enough, and the service publishes it.
    async fn publish(&mut self, month: &str) -> Result<()> {
        let bank = self.bank.clone();
        let statement =
            "update incentives.month set publish_at = now() where district_id = $1 and to_char(month, 'YYYY-MM') = $2
            and state = 'APPROVED'";
        // the database may be away; where its answer was lost, the month may be published by now
        while sqlx::query(statement).bind(bank.months.district).bind(month).execute(&bank.pool).await.is_err() {
            self.pause(200).await;
        }
        bank.count("publish a month");
        Ok(())
    }
}
