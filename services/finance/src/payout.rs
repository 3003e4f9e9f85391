//! What members are paid from the award fund.
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::transfer::Shown;

/// What account numbers are sealed for, and files for the bank.
pub const ACCOUNT: &str = "payout.account";
pub const FILE: &str = "payout_batch.file";
/// Lines of one file for the bank.
pub const MOST_LINES: i64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PayoutState {
    Waiting,
    Ready,
    Sent,
    Paid,
    Returned,
}

impl PayoutState {
    /// As it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Ready => "READY",
            Self::Sent => "SENT",
            Self::Paid => "PAID",
            Self::Returned => "RETURNED",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    Bank,
    #[default]
    InPerson,
    #[sqlx(rename = "WECHAT")]
    WeChat,
}

/// A payout as it stands.
#[derive(Clone, Debug)]
pub struct Payout {
    pub payout_id: Uuid,
    pub person_id: Uuid,
    pub person_name: String,
    pub month: String,
    pub rank: i32,
    pub gross_fen: i64,
    pub tax_fen: i64,
    pub net_fen: i64,
    pub state: PayoutState,
    pub method: Option<Method>,
    pub account_name: Option<String>,
    pub account_sealed: Option<Vec<u8>>,
    /// Of the code by which it was claimed for WeChat.
    pub code_blind: Option<Vec<u8>>,
    pub transfer: Option<Shown>,
    pub batch_id: Option<Uuid>,
    pub signature_media_id: Option<Uuid>,
    pub reason: String,
    pub by_id: Option<Uuid>,
    pub ordered_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

/// An award that is to be paid.
#[derive(Clone, Debug)]
pub struct Ordered {
    pub district_id: Uuid,
    pub payout_id: Uuid,
    pub person_id: Uuid,
    pub month: String,
    pub rank: i32,
    pub gross_fen: i64,
    pub at: DateTime<Utc>,
}

/// How a member wants to be paid.
#[derive(Clone, PartialEq, Eq)]
pub enum Claim {
    InPerson,
    WeChat { js_code: String },
    Bank { account_name: String, account_number: String },
}

/// What the award fund holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AwardFund {
    pub available_fen: i64,
    pub held_fen: i64,
    pub paid_fen: i64,
    pub tax_fen: i64,
    pub waiting_fen: i64,
    pub tax_percent: i32,
    pub difference_fen: i64,
}

/// A file for the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFile {
    pub batch_id: Uuid,
    pub payouts: i32,
    pub net_fen: i64,
    pub csv: String,
}

/// What happened to a payout that a person moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// The bank paid it.
    BankPaid {
        batch_id: Uuid,
    },
    /// The bank refused it: it is ready again, without its account.
    BankRefused {
        batch_id: Uuid,
        reason: String,
    },
    PaidInPerson {
        signature_media_id: Uuid,
    },
    Returned {
        reason: String,
    },
    Offered,
}

impl Move {
    /// From which states it is possible, and to which it leads.
    pub fn states(&self) -> (&'static [PayoutState], PayoutState) {
        use PayoutState::{Paid, Ready, Returned, Sent, Waiting};
        match self {
            Self::BankPaid { .. } => (&[Sent], Paid),
            Self::BankRefused { .. } => (&[Sent], Ready),
            Self::PaidInPerson { .. } => (&[Ready], Paid),
            Self::Returned { .. } => (&[Waiting, Ready], Returned),
            Self::Offered => (&[Returned], Waiting),
        }
    }

    /// As it is logged.
    pub fn act(&self) -> &'static str {
        match self {
            Self::BankPaid { .. } => "BANK_PAID",
            Self::BankRefused { .. } => "BANK_REFUSED",
            Self::PaidInPerson { .. } => "PAY_IN_PERSON",
            Self::Returned { .. } => "RETURN_PAYOUT",
            Self::Offered => "OFFER_PAYOUT",
        }
    }

    pub fn batch_id(&self) -> Option<Uuid> {
        match self {
            Self::BankPaid { batch_id } | Self::BankRefused { batch_id, .. } => Some(*batch_id),
            _ => None,
        }
    }

    pub fn reason(&self) -> &str {
        match self {
            Self::BankRefused { reason, .. } | Self::Returned { reason } => reason,
            _ => "",
        }
    }

    pub fn signature(&self) -> Option<Uuid> {
        if let Self::PaidInPerson { signature_media_id } = self { Some(*signature_media_id) } else { None }
    }
}
