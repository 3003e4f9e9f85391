//! The state machine of a ticket: the one table in [`table`], and the timers that belong to its states.
pub mod codes;
#[cfg(test)]
mod contract;
mod document;
mod table;
#[cfg(test)]
mod tests;

pub use codes::{Reason, State, Timer};
pub use document::document;
pub use table::{TRANSITIONS, is_work};

/// What somebody does, or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    Report,
    Claim,
    HandToCommunity,
    PassUp,
    Dispatch,
    MarkUnclear,
    Accept,
    Refuse,
    RuleDepartment,
    RuleCommunity,
    Resolve,
    Pause,
    Resume,
    CheckPassed,
    CheckFailed,
    RateSatisfied,
    RateDissatisfied,
    PutOff,
    Review,
    CouncilReopens,
    CouncilKeeps,
    CouncilCloses,
    ProposeInvalid,
    ConfirmInvalid,
    Appeal,
    DismissAppeal,
    Merge,
    TakeIn,
    Reopen,
    Withdraw,
    Mediate,
    AddEvidence,
    Classify,
    InviteParties,
    FileStatement,
    FinishPart,
    RequestPause,
    Expire(Timer),
}

/// What else must hold, beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    Always,
    /// It is in coordination because nobody claimed it.
    Unclaimed,
    /// The reporter appealed against its being invalid.
    Appealed,
    /// It was put off, and its review is due.
    Reviewed,
    /// Its level is community or compound, and it lies in a community.
    SmallMatter,
    /// It lies in a community.
    InCommunity,
    FirstMiss,
    SecondMiss,
    /// Somebody else of the department, or nobody yet, has it.
    AnotherHandler,
    /// Nobody else of the department has it.
    OwnWork,
    /// The accept window is open, no ruling binds, this department has not refused, and fewer than two have.
    MayRefuse,
    /// There is a department to fall back on.
    Fallback,
    NoFallback,
    PauseRequested,
    /// Once a ticket.
    NotMediated,
    /// The reporter has not been dissatisfied before.
    FirstTime,
    /// The reporter has been dissatisfied before.
    Again,
    CheckPassed,
    Unchecked,
    /// Somebody else has proposed it.
    InvalidProposed,
    /// Once, within 72 hours.
    MayAppeal,
    /// Once, within 7 days.
    MayReopen,
    /// Not even by who has become its reporter since: merged tickets stay one level deep.
    NothingMergedIn,
    NoCoReports,
    CoReports,
}

impl When {
    /// The condition in Chinese and in English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Always => ("", ""),
            Self::Unclaimed => ("因无人认领而协调", "in coordination because nobody claimed it"),
            Self::Appealed => ("因申诉而协调", "in coordination because of an appeal"),
            Self::Reviewed => ("因复查而协调", "in coordination because of its review"),
            Self::SmallMatter => {
                ("级别为社区或小区、且位于社区内", "of level community or compound, within a community")
            }
            Self::InCommunity => ("位于社区内", "within a community"),
            Self::FirstMiss => ("首次超时", "first miss"),
            Self::SecondMiss => ("再次超时", "second miss"),
            Self::AnotherHandler => ("尚未由您处置", "not yet handled by you"),
            Self::OwnWork => ("由您处置", "handled by you"),
            Self::MayRefuse => (
                "在签收时限内、未经裁定、本部门首次退回且总共不超过两次",
                "inside the accept window, no ruling, first refusal of the department, at most two in all",
            ),
            Self::Fallback => ("有兜底部门", "there is a fallback owner"),
            Self::NoFallback => ("无兜底部门", "there is no fallback owner"),
            Self::PauseRequested => ("已有人申请挂起", "a pause was asked for"),
            Self::NotMediated => ("首次调解", "first mediation"),
            Self::FirstTime => ("首次不满意", "first time dissatisfied"),
            Self::Again => ("再次不满意", "dissatisfied again"),
            Self::CheckPassed => ("核查已通过", "the check has passed"),
            Self::Unchecked => ("尚未核查", "not checked yet"),
            Self::InvalidProposed => ("已由另一人提议不予受理", "somebody else proposed it as invalid"),
            Self::MayAppeal => ("72 小时内首次申诉", "first appeal, within 72 hours"),
            Self::MayReopen => ("结案 7 天内首次", "once, within 7 days of closing"),
            Self::NothingMergedIn | Self::NoCoReports => ("没有并入的上报", "no reports were merged into it"),
            Self::CoReports => ("有并入的上报", "reports were merged into it"),
        }
    }
}

/// Where a row leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum To {
    State(State),
    Stay,
    /// Where the pause began.
    Origin,
    /// Where the work was done: the community, or the department's work in progress.
    Work,
}

/// A row of the state table.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// The row's name in the state table: "T2".
    pub id: &'static str,
    pub act: Act,
    /// Empty for the birth of a ticket.
    pub from: &'static [State],
    pub to: To,
    pub when: When,
    /// Why it is in coordination, where it leads there.
    pub reason: Option<Reason>,
    /// Sent back to work: at least 24 hours are left.
    pub rework: bool,
    pub zh: &'static str,
    pub en: &'static str,
}

/// The rows by which somebody may act; at most one of them admits a ticket.
pub fn rows(act: Act) -> impl Iterator<Item = &'static Transition> {
    TRANSITIONS.iter().filter(move |row| row.act == act)
}

/// The timers that run in a state, armed on entering it and ended on leaving it. RESOLVE is set at the first dispatch, or
/// at the start of COMMUNITY, and then runs through every state until FEEDBACK.
pub fn timers_of(state: State) -> &'static [Timer] {
    match state {
        State::Pool => &[Timer::Claim],
        State::Claimed => &[Timer::Dispatch, Timer::Resolve],
        State::Community | State::InProgress => &[Timer::Resolve],
        State::Dispatched => &[Timer::Accept, Timer::Resolve],
        State::Coordination => &[Timer::Coord, Timer::Resolve],
        State::Paused => &[Timer::Resume],
        State::Feedback => &[Timer::Verify, Timer::Rate],
        State::ClosedNofix => &[Timer::Review],
        State::Closed | State::Invalid | State::Merged | State::Withdrawn => &[],
    }
}

/// Hours from a missed deadline to its n-th escalation: at once, after a day, after three days, then every day.
pub fn escalation_hours(step: u32) -> u32 {
    match step {
        0 => 0,
        1 => 24,
        later => 24 * (later + 1),
    }
}

/// Hours a handler has at least when a ticket comes back.
pub const REWORK_HOURS: i64 = 24;
