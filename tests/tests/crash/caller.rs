//! A caller: asks until there is an answer, sometimes more than once.
use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use hemei_tests::{Answer, Client, retry};
use rand::{Rng, rngs::StdRng};
use serde_json::Value;

use super::bank::Bank;

/// A client gives up retrying after this; several kills may follow each other.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// What callers may be refused with, because others were faster.
const REFUSALS: [&str; 10] = [
    "OUT_OF_STOCK",
    "POINTS_INSUFFICIENT",
    "REDEMPTION_ENDED",
    "STOCK_BELOW_RESERVED",
    "LATE_POINTS_MISSING",
    "LATE_STOCK_MISSING",
    "PRIZE_LIMIT",
    "PAYOUT_MOVED",
    // the answer to the login was lost: the code is used up
    "WECHAT_CODE_INVALID",
    // told of a time before the code was given out
    "FIELD_INVALID",
];

/// What is asked of whom.
pub struct Question<'q> {
    pub what: &'static str,
    pub who: &'q Client,
    pub path: &'q str,
    pub body: &'q Value,
    /// What is the same in every answer.
    pub same: &'q [&'q str],
    /// Whether it succeeds for ever once it has.
    pub lasting: bool,
}

pub struct Caller {
    pub bank: Arc<Bank>,
    pub random: StdRng,
}

impl Caller {
    /// Asks until there is an answer; by chance gives up in the middle first, asks twice at once, or again afterwards. Answers a
    /// success, or nothing where others were faster.
    pub async fn ask(&mut self, question: &Question<'_>) -> Result<Option<Value>> {
        Ok(self.ask_all(question).await?.into_iter().next())
    }

    /// The same with every success, in their order.
    pub async fn ask_all(&mut self, question: &Question<'_>) -> Result<Vec<Value>> {
        let Question { what, who, path, body, .. } = *question;
        let ask = || retry::post(who, path, body, PATIENCE);
        let mut cut_off = false;
        if self.random.random_bool(0.1) {
            let patience = Duration::from_millis(self.random.random_range(0..20));
            cut_off = tokio::time::timeout(patience, who.post(path, body)).await.is_err();
            if cut_off {
                self.bank.count("cut off");
            }
        }
        let mut answers = if self.random.random_bool(0.1) {
            let (one, two) = tokio::join!(ask(), ask());
            let mut both = vec![one?, two?];
            // of two at once the refused one may have been the first
            both.sort_by_key(|answer| answer.status.is_success());
            both
        } else {
            vec![ask().await?]
        };
        if cut_off && !question.lasting {
            // what was given up may have come after what was refused
            tokio::time::sleep(Duration::from_millis(200)).await;
            answers.push(ask().await?);
        } else if self.random.random_bool(0.1) {
            answers.push(ask().await?);
        }
        self.judge(question, &answers).with_context(|| format!("{what}: {path} with {body}"))
    }

    fn judge(&self, question: &Question<'_>, answers: &[Answer]) -> Result<Vec<Value>> {
        let mut successes: Vec<Value> = Vec::new();
        for answer in answers {
            let (code, body) = (answer.code(), answer.json());
            if !answer.status.is_success() {
                ensure!(REFUSALS.contains(&code.as_str()), "refused: {} {body}", answer.status);
                ensure!(successes.is_empty() || !question.lasting, "refused though it had succeeded: {body}");
                self.bank.count(&format!("{}: {code}", question.what));
                continue;
            }
            self.bank.count(question.what);
            if let Some(first) = successes.first() {
                let differs = question.same.iter().find(|field| first[**field] != body[**field]);
                ensure!(differs.is_none(), "{differs:?} differs between {first} and {body}");
            }
            successes.push(body);
        }
        Ok(successes)
    }

    /// The same where nobody else can be faster.
    pub async fn must(&mut self, question: &Question<'_>) -> Result<Value> {
        let answer = self.ask(question).await?;
        answer.with_context(|| format!("refused: {} {} with {}", question.what, question.path, question.body))
    }

    /// A short while, so that many callers leave the machine some air.
    pub async fn pause(&mut self, longest: u64) {
        tokio::time::sleep(Duration::from_millis(self.random.random_range(longest / 4..longest))).await;
    }

    /// Reads something; nothing while it cannot be read.
    pub async fn read(&self, who: &Client, path: &str) -> Result<Option<Value>> {
        match who.get(path).await {
            Ok(answer) if answer.status.is_success() => Ok(Some(answer.json())),
            Ok(answer) if !answer.status.is_server_error() && answer.status.as_u16() != 429 => {
                bail!("{path}: {} {}", answer.status, answer.json())
            }
            _ => Ok(None),
        }
    }
}
