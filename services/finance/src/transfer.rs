//! A WeChat merchant transfer: its states, and what follows from what WeChat says of it.
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Fen that WeChat moves at least, and from which on it wants a name: that is not done.
pub const LEAST_FEN: i64 = 10;
pub const TOO_MUCH_FEN: i64 = 200_000;
/// How long a member may take to confirm.
pub const CONFIRM_WITHIN: TimeDelta = TimeDelta::hours(24);
/// A request that was refused, and is still unknown to WeChat after so long, was never taken.
pub const SETTLED: TimeDelta = TimeDelta::minutes(10);
/// What is sealed for whom.
pub const OPENID: &str = "payout.openid";
pub const CODE: &str = "payout.js_code";
pub const REQUEST: &str = "wechat_transfer.request";
pub const PACKAGE: &str = "wechat_transfer.package";

/// The pauses between two looks at a transfer.
const SHORTEST: TimeDelta = TimeDelta::seconds(5);
const LONGEST: TimeDelta = TimeDelta::minutes(10);

/// As WeChat names them, and two of our own: not answered yet, and never taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TransferState {
    Tried,
    Accepted,
    Processing,
    WaitUserConfirm,
    Transfering,
    Canceling,
    Success,
    Fail,
    Cancelled,
    Refused,
}

impl TransferState {
    const ALL: [Self; 10] = [
        Self::Tried,
        Self::Accepted,
        Self::Processing,
        Self::WaitUserConfirm,
        Self::Transfering,
        Self::Canceling,
        Self::Success,
        Self::Fail,
        Self::Cancelled,
        Self::Refused,
    ];

    /// As it is stored, and as WeChat writes it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Tried => "TRIED",
            Self::Accepted => "ACCEPTED",
            Self::Processing => "PROCESSING",
            Self::WaitUserConfirm => "WAIT_USER_CONFIRM",
            Self::Transfering => "TRANSFERING",
            Self::Canceling => "CANCELING",
            Self::Success => "SUCCESS",
            Self::Fail => "FAIL",
            Self::Cancelled => "CANCELLED",
            Self::Refused => "REFUSED",
        }
    }

    /// A state that WeChat names.
    pub fn of_wechat(code: &str) -> Option<Self> {
        let own = [Self::Tried, Self::Refused];
        Self::ALL.into_iter().find(|state| state.code() == code && !own.contains(state))
    }

    /// It can be taken back: nobody has confirmed it.
    pub fn can_be_cancelled(self) -> bool {
        matches!(self, Self::Accepted | Self::Processing | Self::WaitUserConfirm)
    }

    /// Nothing follows any more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Success | Self::Fail | Self::Cancelled | Self::Refused)
    }

    /// How far along it is: news never lead back.
    fn step(self) -> u8 {
        match self {
            Self::Tried => 0,
            Self::Accepted => 1,
            Self::Processing => 2,
            Self::WaitUserConfirm => 3,
            Self::Transfering | Self::Canceling => 4,
            Self::Success | Self::Fail | Self::Cancelled | Self::Refused => 5,
        }
    }

    /// The states from which news of this one are news.
    pub fn follows(self) -> Vec<&'static str> {
        let earlier = Self::ALL.into_iter().filter(|from| !from.has_ended() && from.step() <= self.step());
        earlier.map(Self::code).collect()
    }
}

/// A payout that is to be transferred.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub district_id: Uuid,
    pub payout_id: Uuid,
    pub ordered_at: DateTime<Utc>,
    pub round: i32,
    pub month: String,
    pub rank: i32,
    pub net_fen: i64,
    pub openid_sealed: Vec<u8>,
    pub out_bill_no: String,
}

/// A transfer that has not ended, for whoever looks at it until `next_at`.
#[derive(Clone, Debug)]
pub struct Open {
    pub district_id: Uuid,
    pub payout_id: Uuid,
    pub round: i32,
    pub out_bill_no: String,
    pub amount_fen: i64,
    pub state: TransferState,
    pub request_sealed: Vec<u8>,
    pub has_package: bool,
    /// Who asked to take it back, and why.
    pub cancel_asked_by: Option<Uuid>,
    pub cancel_reason: String,
    /// The code with which the request itself was refused, empty where it was given up here instead; and when.
    pub refusal: String,
    pub refused_at: Option<DateTime<Utc>>,
    pub confirm_by: Option<DateTime<Utc>>,
    pub tries: i32,
    pub next_at: DateTime<Utc>,
}

/// Transfers under way of a merchant that is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strangers {
    pub mch_id: String,
    pub app_id: String,
    pub transfers: i64,
}

/// What is known of a transfer, whoever asks.
#[derive(Clone, Debug)]
pub struct Known {
    pub mch_id: String,
    pub amount_fen: i64,
    pub state: TransferState,
}

/// What a payout shows of its transfer.
#[derive(Clone, Debug)]
pub struct Shown {
    pub state: TransferState,
    pub mch_id: String,
    pub app_id: String,
    pub package_sealed: Option<Vec<u8>>,
    pub confirm_by: Option<DateTime<Utc>>,
    pub cancel_asked: bool,
}

/// When a transfer is looked at again after so many looks.
pub fn look_again(now: DateTime<Utc>, tries: i32) -> DateTime<Utc> {
    let doubled = SHORTEST * 2_i32.pow(tries.clamp(0, 10).unsigned_abs());
    now + doubled.min(LONGEST)
}

/// The same where a confirmation is waited for: also right after its end.
pub fn look_again_by(now: DateTime<Utc>, tries: i32, confirm_by: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let next = look_again(now, tries);
    confirm_by.map(|by| by + TimeDelta::seconds(1)).filter(|by| *by > now).map_or(next, |by| by.min(next))
}

impl Open {
    /// Who took it back, where that is how it ended: as WeChat has it, or before WeChat knew of it.
    pub fn cancelled_by(&self, end: TransferState) -> Option<Uuid> {
        let before_it_was_known = end == TransferState::Refused && self.refusal.is_empty();
        self.cancel_asked_by.filter(|_| end == TransferState::Cancelled || before_it_was_known)
    }

    /// Why it came to nothing, for the member.
    pub fn why(&self, end: TransferState, fail_reason: &str) -> String {
        if self.cancelled_by(end).is_none() {
            return reason(end, fail_reason);
        }
        let stage = if end == TransferState::Refused { "在微信受理前" } else { "" };
        // of a build that did not ask why
        let why = if self.cancel_reason.is_empty() { "未注明原因" } else { &self.cancel_reason };
        format!("区管理员{stage}撤销了转账：{why}。请重新选择领取方式。")
    }
}

fn reason(state: TransferState, fail_reason: &str) -> String {
    let why = match (state, fail_reason) {
        (TransferState::Cancelled, _) => "转账已撤销",
        (TransferState::Refused, _) => "微信未受理",
        (_, "OVERDUE_CLOSE") => "超过 24 小时未确认收款",
        (_, "PAYEE_ACCOUNT_ABNORMAL" | "ACCOUNT_FROZEN" | "RECEIVE_ACCOUNT_NOT_PERMMIT") => "收款账户异常",
        (_, "REAL_NAME_CHECK_FAIL" | "ID_CARD_NOT_CORRECT" | "NAME_NOT_CORRECT" | "ACCOUNT_NOT_EXIST") => {
            "收款人未完成实名认证"
        }
        (_, "TRANSFER_QUOTA_EXCEED" | "DAY_RECEIVED_COUNT_EXCEED" | "DAY_RECEIVED_QUOTA_EXCEED") => {
            "超出收款人当日收款限额"
        }
        _ => "微信转账失败",
    };
    format!("{why}，请重新选择领取方式。")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_stored_as_wechat_writes_them_and_our_own_are_not_taken_from_it() {
        for state in TransferState::ALL {
            let own = matches!(state, TransferState::Tried | TransferState::Refused);
            assert_eq!(TransferState::of_wechat(state.code()), (!own).then_some(state));
        }
        assert_eq!(TransferState::of_wechat("PAID"), None);
    }

    #[test]
    fn news_never_lead_back_and_nothing_follows_an_end() {
        for from in TransferState::ALL {
            for to in TransferState::ALL {
                let follows = to.follows().contains(&from.code());
                assert_eq!(follows, !from.has_ended() && from.step() <= to.step(), "{from:?} → {to:?}");
            }
        }
        assert!(!TransferState::WaitUserConfirm.follows().contains(&"TRANSFERING"));
    }

    #[test]
    fn pauses_double_up_to_ten_minutes_and_meet_the_end_of_the_confirmation() {
        let now = DateTime::from_timestamp(1_795_464_000, 0).unwrap();
        let pauses: Vec<i64> = (0..9).map(|tries| (look_again(now, tries) - now).num_seconds()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(look_again(now, i32::MAX), now + LONGEST);
        let by = now + TimeDelta::minutes(3);
        assert_eq!(look_again_by(now, 9, Some(by)), by + TimeDelta::seconds(1));
        assert_eq!(look_again_by(now, 0, Some(by)), look_again(now, 0));
        assert_eq!(look_again_by(by + TimeDelta::hours(1), 9, Some(by)), by + TimeDelta::hours(1) + LONGEST);
    }
}
