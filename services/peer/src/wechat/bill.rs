//! One transfer.
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::keys;

/// How long a member may take to confirm.
const CONFIRM_WITHIN: TimeDelta = TimeDelta::hours(24);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillState {
    Accepted,
    Processing,
    WaitUserConfirm,
    Transfering,
    Canceling,
    Success,
    Fail,
    Cancelled,
}

impl BillState {
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Success | Self::Fail | Self::Cancelled)
    }
}

/// A transfer as WeChat keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bill {
    pub out_bill_no: String,
    pub transfer_bill_no: String,
    /// As it was asked for: the same number again must ask for the same.
    pub request: Value,
    pub openid: String,
    pub amount: i64,
    pub state: BillState,
    pub fail_reason: String,
    pub package: String,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

impl Bill {
    /// Closes what nobody confirmed in time.
    pub(super) fn grow_old(&mut self, now: DateTime<Utc>) {
        if self.state == BillState::WaitUserConfirm && now >= self.created_at + CONFIRM_WITHIN {
            self.overdue(now);
        }
    }

    pub(super) fn overdue(&mut self, now: DateTime<Utc>) {
        self.go(BillState::Fail, now);
        self.fail_reason = "OVERDUE_CLOSE".to_owned();
    }

    pub(super) fn go(&mut self, state: BillState, now: DateTime<Utc>) {
        (self.state, self.changed_at) = (state, now);
    }

    /// The answer to the request.
    pub(super) fn created(&self) -> Value {
        let mut answer = json!({
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "create_time": self.created_at,
            "state": self.state,
        });
        if self.state == BillState::WaitUserConfirm {
            answer["package_info"] = json!(self.package);
        }
        answer
    }

    /// The answer to a question, which does not name the package; and what a notice holds.
    pub(super) fn told(&self) -> Value {
        let mut answer = json!({
            "mch_id": keys::MCH_ID,
            "out_bill_no": self.out_bill_no,
            "transfer_bill_no": self.transfer_bill_no,
            "appid": keys::APP_ID,
            "state": self.state,
            "transfer_amount": self.amount,
            "transfer_remark": self.request["transfer_remark"],
            "openid": self.openid,
            "create_time": self.created_at,
            "update_time": self.changed_at,
        });
        if !self.fail_reason.is_empty() {
            answer["fail_reason"] = json!(self.fail_reason);
        }
        answer
    }
}
