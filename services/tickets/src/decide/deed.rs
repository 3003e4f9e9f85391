//! Who does what to which ticket.
use chassis::access::Reach;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    machine::{Act, Timer},
    ticket::{CoReport, CouncilDecision, Resolution},
};

/// Somebody's wish to change a ticket, or time's.
#[derive(Clone, Debug)]
pub struct Wish {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub deed: Deed,
    /// None: time.
    pub actor: Option<Actor>,
    /// The version it must have, where the client asks for one.
    pub version: Option<i64>,
    pub at: DateTime<Utc>,
    /// Tells the same request from another.
    pub body_hash: Vec<u8>,
    pub traceparent: String,
}

/// A person who acts, and what they reach.
#[derive(Clone, Debug)]
pub struct Actor {
    pub person_id: Uuid,
    pub role: &'static str,
    pub reach: Reach,
}

impl Actor {
    /// Whether they act for a department.
    pub fn is_of(&self, department: &Uuid) -> bool {
        self.reach.departments.contains(department)
    }
}

impl Wish {
    /// Whether who wishes it acts for a department.
    pub fn is_of(&self, department: &Uuid) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.is_of(department))
    }

    /// The wish in the few letters a row keeps of it.
    pub fn said(&self) -> Option<String> {
        let hash: String = self.body_hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        self.actor.as_ref().map(|actor| format!("{}:{hash}", actor.person_id.simple()))
    }
}

/// What is done, with what belongs to it.
#[derive(Clone, Debug)]
pub enum Deed {
    Claim,
    HandToCommunity { text: String },
    PassUp { reason: String },
    Dispatch { department_id: Uuid, assisting: Vec<Uuid>, text: String },
    MarkUnclear { reason: String },
    Accept,
    Refuse { basis: String },
    Rule { ruling: Ruling, reason: String },
    Resolve { text: String, media: Vec<Uuid>, away: Away },
    Pause { until: Option<DateTime<Utc>>, text: String },
    Resume { reason: String },
    Check { passed: bool, text: String },
    Rate { satisfied: bool, solved: bool, comment: String },
    PutOff { reason: String, review_at: DateTime<Utc> },
    Review { reason: String },
    Council(Resolution),
    ProposeInvalid { reason: String, malicious: bool },
    ConfirmInvalid,
    Appeal { reason: String },
    DismissAppeal { reason: String },
    Merge { parent_ticket_id: Uuid },
    TakeIn { report: CoReport },
    Reopen { text: String, media: Vec<Uuid> },
    Withdraw { reason: String },
    Mediate { mediation_case_id: Uuid, until: DateTime<Utc>, text: String },
    AddEvidence { text: String, media: Vec<Uuid> },
    Classify(Terms),
    InviteParties { departments: Vec<Uuid>, text: String, until: Option<DateTime<Utc>> },
    FileStatement { text: String },
    FinishPart { text: String },
    RequestPause { reason_code: String, text: String, until: DateTime<Utc> },
    Expire(Timer),
}

/// What a coordinator decides.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// None: the community.
    pub department_id: Option<Uuid>,
    pub assisting: Vec<Uuid>,
    /// Once a ticket, on the category's clock.
    pub extension_minutes: Option<i64>,
}

/// What a category says of a ticket.
#[derive(Clone, Debug)]
pub struct Terms {
    pub category_code: String,
    pub level: i16,
    pub priority: i16,
    pub clock: String,
    pub resolve_minutes: i32,
    pub after_photo: bool,
    pub text: String,
}

impl Deed {
    /// The column of the state table it belongs to.
    pub fn act(&self) -> Act {
        match self {
            Self::Claim => Act::Claim,
            Self::HandToCommunity { .. } => Act::HandToCommunity,
            Self::PassUp { .. } => Act::PassUp,
            Self::Dispatch { .. } => Act::Dispatch,
            Self::MarkUnclear { .. } => Act::MarkUnclear,
            Self::Accept => Act::Accept,
            Self::Refuse { .. } => Act::Refuse,
            Self::Rule { ruling, .. } if ruling.department_id.is_some() => Act::RuleDepartment,
            Self::Rule { .. } => Act::RuleCommunity,
            Self::Resolve { .. } => Act::Resolve,
            Self::Pause { .. } => Act::Pause,
            Self::Resume { .. } => Act::Resume,
            Self::Check { passed: true, .. } => Act::CheckPassed,
            Self::Check { .. } => Act::CheckFailed,
            Self::Rate { satisfied: true, .. } => Act::RateSatisfied,
            Self::Rate { .. } => Act::RateDissatisfied,
            Self::PutOff { .. } => Act::PutOff,
            Self::Review { .. } => Act::Review,
            Self::Council(resolution) => match resolution.decision {
                CouncilDecision::Reopen => Act::CouncilReopens,
                CouncilDecision::Keep => Act::CouncilKeeps,
                CouncilDecision::Close => Act::CouncilCloses,
            },
            Self::ProposeInvalid { .. } => Act::ProposeInvalid,
            Self::ConfirmInvalid => Act::ConfirmInvalid,
            Self::Appeal { .. } => Act::Appeal,
            Self::DismissAppeal { .. } => Act::DismissAppeal,
            Self::Merge { .. } => Act::Merge,
            Self::TakeIn { .. } => Act::TakeIn,
            Self::Reopen { .. } => Act::Reopen,
            Self::Withdraw { .. } => Act::Withdraw,
            Self::Mediate { .. } => Act::Mediate,
            Self::AddEvidence { .. } => Act::AddEvidence,
            Self::Classify(_) => Act::Classify,
            Self::InviteParties { .. } => Act::InviteParties,
            Self::FileStatement { .. } => Act::FileStatement,
            Self::FinishPart { .. } => Act::FinishPart,
            Self::RequestPause { .. } => Act::RequestPause,
            Self::Expire(timer) => Act::Expire(*timer),
        }
    }

    /// What the history says of it.
    pub fn text(&self) -> &str {
        match self {
            Self::HandToCommunity { text }
            | Self::Dispatch { text, .. }
            | Self::Resolve { text, .. }
            | Self::Pause { text, .. }
            | Self::Check { text, .. }
            | Self::Reopen { text, .. }
            | Self::Mediate { text, .. }
            | Self::AddEvidence { text, .. }
            | Self::InviteParties { text, .. }
            | Self::FileStatement { text }
            | Self::FinishPart { text }
            | Self::RequestPause { text, .. } => text,
            Self::PassUp { reason }
            | Self::MarkUnclear { reason }
            | Self::Rule { reason, .. }
            | Self::Resume { reason }
            | Self::PutOff { reason, .. }
            | Self::Review { reason }
            | Self::ProposeInvalid { reason, .. }
            | Self::Appeal { reason }
            | Self::DismissAppeal { reason }
            | Self::Withdraw { reason } => reason,
            Self::Refuse { basis } => basis,
            Self::Rate { comment, .. } => comment,
            Self::Classify(terms) => &terms.text,
            Self::Council(resolution) => &resolution.text,
            Self::Claim
            | Self::Accept
            | Self::ConfirmInvalid
            | Self::Merge { .. }
            | Self::TakeIn { .. }
            | Self::Expire(_) => "",
        }
    }

    /// The departments it asks for their statement.
    pub fn invited(&self) -> &[Uuid] {
        match self {
            Self::InviteParties { departments, .. } => departments,
            _ => &[],
        }
    }
}

/// Where a handler stood when reporting the work done.
#[derive(Clone, Debug, Default)]
pub struct Away {
    /// In GCJ-02; None: not told.
    pub point: Option<(f64, f64)>,
    /// Why it was far from the reported point.
    pub reason: String,
}
