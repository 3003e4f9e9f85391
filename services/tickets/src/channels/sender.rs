//! Sends what waits, group by group: in order, at most twenty a minute to a robot, never lost, and again only where an answer was lost.
//! What comes late gives way to what is fresh, and leaves half of the robot's messages to it.
//!
//! A try is written down before the call. Whoever dies between leaves it UNKNOWN; when the lease has run out somebody else goes on
//! and marks the lines that the group may now have twice.
use std::{sync::Arc, time::Duration};

use chassis::faults::Fault;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Channels,
    message::{self, LATE, Message},
    robots::{Outcome, Robots},
    sealed_for,
};
use crate::store::{
    self,
    channel::{Taken, Verdict},
};

/// Messages to one robot in any minute.
pub const A_MINUTE: i64 = 20;
/// Those of them that late lines may take, and how often they look whether there is room.
const LATE_A_MINUTE: i64 = A_MINUTE / 2;
const LATE_LOOKS: TimeDelta = TimeDelta::seconds(2);
/// How long a try may take before somebody else goes on.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Waits after failures in a row: 2 s, 4 s … at most 5 minutes.
const LONGEST_WAIT: i64 = 300;
/// How often somebody looks for a group that waits.
const IDLE: Duration = Duration::from_millis(500);
/// What the residents service seals phones for.
const PERSON_PHONE: &str = "person.phone";
/// Groups that are served at the same time.
const HANDS: usize = 4;

/// Works through the groups.
pub struct Sender {
    pub channels: Arc<Channels>,
    pub robots: Robots,
}

impl Sender {
    /// Sends until stopped.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let hands = (0..HANDS).map(|_| {
            let (sender, stop) = (self.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.is_cancelled() {
                    match sender.step().await {
                        Ok(true) => {}
                        Ok(false) => drop(stop.run_until_cancelled(tokio::time::sleep(IDLE)).await),
                        Err(fault) => {
                            tracing::warn!(%fault, "nothing sent to groups");
                            let _ = stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await;
                        }
                    }
                }
            })
        });
        futures::future::join_all(hands.collect::<Vec<_>>()).await;
    }

    /// Serves one group once; false where none waits.
    pub async fn step(&self) -> Result<bool, Fault> {
        let Some((taken, message)) = self.take().await? else { return Ok(false) };
        let Some(message) = message else { return Ok(true) };
        let phones = if message.urgent { self.mentioned(&taken).await? } else { Vec::new() };
        let outcome = self.call(&taken, &message, &phones).await;
        self.settle(&taken, outcome).await?;
        Ok(true)
    }

    /// Takes a group and writes the try down. No message where the robot has said enough for now.
    pub async fn take(&self) -> Result<Option<(Taken, Option<Message>)>, Fault> {
        let tickets = &self.channels.tickets;
        let now = tickets.clock.now();
        let mut transaction = chassis::db::begin(&tickets.pool).await?;
        let Some(mut taken) = store::channel::take(&mut transaction, now, Uuid::now_v7()).await? else {
            return Ok(None);
        };
        let fresh_since = now - LATE;
        let lines = store::channel::waiting(&mut transaction, &taken, fresh_since).await?;
        let late = lines.first().is_some_and(|line| line.at < fresh_since);
        if let Some(next_at) = full(&mut transaction, &taken, late, now).await? {
            store::channel::wait(&mut transaction, &taken, next_at).await?;
            transaction.commit().await?;
            return Ok(Some((taken, None)));
        }
        taken.summed = late && store::channel::is_backlog(&mut transaction, &taken, fresh_since).await?;
        let mut message = message::next(&lines, late);
        let told = message.as_ref().map_or(0, |message| message.lines);
        let told: Vec<i64> = lines.iter().take(told).map(|line| line.message_id).collect();
        let told = (!taken.summed).then_some(told.as_slice());
        let kinds = store::channel::begin(&mut transaction, &taken, (told, fresh_since), (now, now + LEASE)).await?;
        if taken.summed {
            message = message::counted(&kinds);
        }
        transaction.commit().await?;
        Ok(Some((taken, message)))
    }

    async fn call(&self, taken: &Taken, message: &Message, phones: &[String]) -> Outcome {
        match self.open(taken, "robot", &taken.robot_sealed) {
            Some(key) => self.robots.send(&key, message, phones).await,
            None => Outcome::Later(0),
        }
    }

    /// Whom an urgent message mentions: those the group always names, and who is on duty for its street now.
    async fn mentioned(&self, taken: &Taken) -> Result<Vec<String>, Fault> {
        let Channels { tickets, vault } = &*self.channels;
        let own = taken.mentioned_sealed.as_deref().and_then(|sealed| self.open(taken, "mentioned", sealed));
        let mut phones: Vec<String> = own.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let terms = tickets.terms.of(taken.district_id);
        let there: Vec<Uuid> =
            terms.on_duty(&taken.place_path, tickets.clock.now()).map(|duty| duty.person_id).collect();
        if !there.is_empty() {
            let sealed = store::staff_list::phones(&tickets.pool, taken.district_id, &there).await?;
            phones.extend(sealed.iter().filter_map(|sealed| vault.open(PERSON_PHONE, sealed).ok()));
        }
        phones.sort_unstable();
        phones.dedup();
        Ok(phones)
    }

    fn open(&self, taken: &Taken, what: &str, sealed: &[u8]) -> Option<String> {
        self.channels.vault.open(&sealed_for(what, taken.district_id, taken.channel_id), sealed).ok()
    }

    /// Writes down what became of a try.
    pub async fn settle(&self, taken: &Taken, outcome: Outcome) -> Result<(), Fault> {
        let tickets = &self.channels.tickets;
        let now = tickets.clock.now();
        let failures = taken.failures.saturating_add(1);
        let wait = TimeDelta::seconds(2_i64.saturating_pow(failures.clamp(1, 9).unsigned_abs()).min(LONGEST_WAIT));
        let verdict = match outcome {
            Outcome::Sent => {
                let state = if taken.summed { "SUMMED" } else { "SENT" };
                Verdict { outcome: "OK", state, ..Verdict::default() }
            }
            Outcome::Never(code) => {
                let error = format!("robot refused the message for good: {code}");
                Verdict { outcome: "REFUSED", state: "DEAD", code: Some(code), error, ..Verdict::default() }
            }
            Outcome::Later(code) => {
                let error = format!("robot refused: {code}");
                let next_at = Some(now + wait);
                Verdict {
                    outcome: "REFUSED",
                    state: "PENDING",
                    code: Some(code),
                    error,
                    failures,
                    next_at,
                    ..Verdict::default()
                }
            }
            Outcome::Unsure(why) => {
                let next_at = Some(now + wait);
                Verdict {
                    outcome: "UNSURE",
                    state: "PENDING",
                    error: why,
                    failures,
                    next_at,
                    twice: true,
                    ..Verdict::default()
                }
            }
        };
        Ok(store::channel::settle(&tickets.pool, taken, &verdict).await?)
    }
}

/// When there is room again where the robot has said enough for now.
async fn full(
    connection: &mut PgConnection,
    taken: &Taken,
    late: bool,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Fault> {
    let said = store::channel::said(connection, &taken.robot_blind, now - TimeDelta::seconds(60)).await?;
    let room = said.first.unwrap_or(now) + TimeDelta::seconds(60);
    Ok(match late {
        false => (said.many >= A_MINUTE).then_some(room),
        // what comes fresh meanwhile is not to wait for the late ones' room
        true => (said.many >= LATE_A_MINUTE).then_some(room.min(now + LATE_LOOKS)),
    })
}
