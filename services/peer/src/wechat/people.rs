//! What the members do with their WeChat, and what the sandbox lets happen.
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Bill, BillState, Call, Mode, WeChat};

#[derive(Deserialize)]
pub struct Which {
    out_bill_no: String,
}

impl WeChat {
    /// The member confirms: the money is theirs.
    pub fn confirm(&self, out_bill_no: &str) -> Option<Bill> {
        self.moved(out_bill_no, &[BillState::WaitUserConfirm, BillState::Transfering], BillState::Success)
    }

    /// The 24 hours pass.
    pub fn expire(&self, out_bill_no: &str) -> Option<Bill> {
        let now = self.clock.now();
        self.change(out_bill_no, |bill| {
            if bill.state == BillState::WaitUserConfirm {
                bill.overdue(now);
            }
        })
    }

    /// The merchant's balance is enough again.
    pub fn top_up(&self, out_bill_no: &str) -> Option<Bill> {
        self.moved(out_bill_no, &[BillState::Processing], BillState::WaitUserConfirm)
    }

    /// A transfer goes on by itself.
    pub fn go(&self, out_bill_no: &str, state: BillState) -> Option<Bill> {
        let now = self.clock.now();
        self.change(out_bill_no, |bill| bill.go(state, now))
    }

    fn moved(&self, out_bill_no: &str, from: &[BillState], to: BillState) -> Option<Bill> {
        let now = self.clock.now();
        self.change(out_bill_no, |bill| {
            if from.contains(&bill.state) {
                bill.go(to, now);
            }
        })
    }
}

pub async fn transfers(State(wechat): State<WeChat>) -> Json<Value> {
    let mut bills = wechat.bills();
    bills.sort_by_key(|bill| std::cmp::Reverse(bill.created_at));
    Json(json!({"transfers": bills.iter().map(Bill::told).collect::<Vec<_>>()}))
}

pub async fn confirm(State(wechat): State<WeChat>, Json(which): Json<Which>) -> Response {
    let bill = wechat.confirm(&which.out_bill_no);
    answer(&wechat, bill)
}

pub async fn expire(State(wechat): State<WeChat>, Json(which): Json<Which>) -> Response {
    let bill = wechat.expire(&which.out_bill_no);
    answer(&wechat, bill)
}

pub async fn top_up(State(wechat): State<WeChat>, Json(which): Json<Which>) -> Response {
    let bill = wechat.top_up(&which.out_bill_no);
    answer(&wechat, bill)
}

/// The transfer as it is now; its end is announced.
fn answer(wechat: &WeChat, bill: Option<Bill>) -> Response {
    let Some(bill) = bill else { return unknown() };
    if bill.state.has_ended() {
        wechat.announce(&bill);
    }
    Json(bill.told()).into_response()
}

fn unknown() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"code": "NOT_FOUND", "message": "no such transfer"}))).into_response()
}

#[derive(Deserialize)]
pub struct Delivery {
    out_bill_no: String,
    /// How often, 1 to 5.
    #[serde(default = "once")]
    times: usize,
    /// With a probing signature.
    #[serde(default)]
    forged: bool,
    /// As if it had been recorded so long ago.
    #[serde(default)]
    minutes_old: i64,
}

fn once() -> usize {
    1
}

/// Sends notices of a transfer as it stands; answers the statuses they got.
pub async fn notify(State(wechat): State<WeChat>, Json(wish): Json<Delivery>) -> Response {
    let bill = wechat.bills().into_iter().find(|bill| bill.out_bill_no == wish.out_bill_no);
    let Some(bill) = bill else { return unknown() };
    let at = wechat.clock.now() - TimeDelta::minutes(wish.minutes_old.clamp(0, 100_000));
    let Some(notice) = wechat.notice(&bill.out_bill_no, bill.state, at) else { return unknown() };
    let notice = if wish.forged { notice.probing() } else { notice };
    let mut statuses = Vec::new();
    for _ in 0..wish.times.clamp(1, 5) {
        statuses.push(wechat.send(&bill, &notice).await);
    }
    Json(json!({"statuses": statuses})).into_response()
}

#[derive(Deserialize)]
pub struct Wish {
    call: Call,
    mode: Mode,
    times: usize,
}

pub async fn modes(State(wechat): State<WeChat>, Json(wish): Json<Wish>) -> Json<Value> {
    wechat.behave(wish.call, wish.mode, wish.times);
    Json(json!({"call": wish.call, "mode": wish.mode, "times": wish.times}))
}
