//! WeChat's side of merchant transfers and of the mini-program's login, with signatures, limits and failures. What its members do
//! (confirm, or not) is done on the sandbox page.
mod api;
mod bill;
mod crypto;
pub mod keys;
mod notices;
mod people;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    routing::{get, post},
};
use chassis::clock::Clock;
use serde::{Deserialize, Serialize};

pub use self::{
    bill::{Bill, BillState},
    notices::Notice,
};

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Call {
    Login,
    Create,
    Query,
    Cancel,
}

/// How it behaves for some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// As it should.
    #[default]
    Honest,
    /// Does it, and never answers.
    Silent,
    /// Does it, and answers after two seconds.
    Late,
    /// Does nothing, and never answers.
    Lost,
    /// HTTP 500, nothing is done.
    Broken,
    /// 429 FREQUENCY_LIMITED, nothing is done.
    Limited,
    /// 400 PARAM_ERROR, nothing is done.
    Refusing,
    /// Does it, but the merchant's balance is too low: PROCESSING until it is topped up.
    NotEnough,
    /// Does it, and signs the answer wrongly.
    Missigned,
    /// The login answers -1.
    Busy,
}

/// What is remembered over a restart.
#[derive(Default, Serialize, Deserialize)]
struct Book {
    bills: BTreeMap<String, Bill>,
    used_codes: HashSet<String>,
}

#[derive(Default)]
struct Held {
    book: Book,
    nonces: HashSet<String>,
    modes: HashMap<Call, (Mode, usize)>,
    calls: HashMap<Call, usize>,
}

/// The merchant's transfers as WeChat has them.
#[derive(Clone)]
pub struct WeChat {
    clock: Clock,
    held: Arc<Mutex<Held>>,
    file: Option<Arc<PathBuf>>,
    client: reqwest::Client,
}

impl WeChat {
    /// No transfers yet, everybody treated honestly.
    pub fn new(clock: Clock) -> Self {
        // refused where the process has chosen a provider already, which is as good
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { clock, held: Arc::default(), file: None, client: reqwest::Client::new() }
    }

    /// The same with its book in a file, where it is found after a restart.
    #[must_use]
    pub fn kept_in(self, file: PathBuf) -> Self {
        if let Some(book) = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            self.held().book = book;
        }
        Self { file: Some(Arc::new(file)), ..self }
    }

    /// Behaves in some way for the next calls.
    pub fn behave(&self, call: Call, mode: Mode, times: usize) {
        self.held().modes.insert(call, (mode, times));
    }

    /// How often it was called.
    pub fn calls(&self, call: Call) -> usize {
        self.held().calls.get(&call).copied().unwrap_or_default()
    }

    /// Every transfer, in the order of their numbers.
    pub fn bills(&self) -> Vec<Bill> {
        let now = self.clock.now();
        let mut held = self.held();
        held.book.bills.values_mut().for_each(|bill| bill.grow_old(now));
        held.book.bills.values().cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_mode(&self, call: Call) -> Mode {
        let mut held = self.held();
        *held.calls.entry(call).or_default() += 1;
        match held.modes.get_mut(&call) {
            Some((mode, times)) if *times > 0 => {
                *times -= 1;
                *mode
            }
            _ => Mode::Honest,
        }
    }

    /// Changes a transfer and keeps the book; none where there is no such transfer.
    fn change(&self, out_bill_no: &str, change: impl FnOnce(&mut Bill)) -> Option<Bill> {
        let mut held = self.held();
        let bill = held.book.bills.get_mut(out_bill_no)?;
        bill.grow_old(self.clock.now());
        change(bill);
        let bill = bill.clone();
        self.keep(&held);
        Some(bill)
    }

    fn keep(&self, held: &Held) {
        let Some(file) = &self.file else { return };
        let draft = file.with_extension("new");
        let written = serde_json::to_vec(&held.book)
            .map_err(std::io::Error::other)
            .and_then(|bytes| std::fs::write(&draft, bytes))
            .and_then(|()| std::fs::rename(&draft, file.as_ref()));
        if let Err(error) = written {
            tracing::warn!(%error, "the sandbox's transfers are not kept");
        }
    }
}

/// WeChat's routes, and those by which people act in the sandbox.
pub fn router(wechat: WeChat) -> Router {
    Router::new()
        .route("/sns/jscode2session", get(api::login))
        .route("/v3/fund-app/mch-transfer/transfer-bills", post(api::create))
        .route("/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{no}", get(api::find))
        .route("/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{no}/cancel", post(api::cancel))
        .route("/transfers", get(people::transfers))
        .route("/confirm", post(people::confirm))
        .route("/expire", post(people::expire))
        .route("/top-up", post(people::top_up))
        .route("/notify", post(people::notify))
        .route("/modes", post(people::modes))
        .with_state(wechat)
}
