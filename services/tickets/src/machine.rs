//! The state machine of a ticket: pure rules over the one table in [`table`].
mod table;
#[cfg(test)]
mod tests;

pub use table::TRANSITIONS;

/// Where a ticket stands. The codes are those of the wire, of SQL and of the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Pool,
    Claimed,
    Community,
    Dispatched,
    InProgress,
    Coordination,
    Paused,
    Feedback,
    Closed,
    ClosedNofix,
    Invalid,
    Merged,
    Withdrawn,
}

const STATES: [(State, &str, &str); 13] = [
    (State::Pool, "POOL", "待认领"),
    (State::Claimed, "CLAIMED", "已认领"),
    (State::Community, "COMMUNITY", "社区自办"),
    (State::Dispatched, "DISPATCHED", "已派遣待签收"),
    (State::InProgress, "IN_PROGRESS", "处置中"),
    (State::Coordination, "COORDINATION", "协调定责"),
    (State::Paused, "PAUSED", "挂起"),
    (State::Feedback, "FEEDBACK", "已反馈待核查"),
    (State::Closed, "CLOSED", "结案"),
    (State::ClosedNofix, "CLOSED_NOFIX", "暂缓办结"),
    (State::Invalid, "INVALID", "不予受理"),
    (State::Merged, "MERGED", "并案"),
    (State::Withdrawn, "WITHDRAWN", "撤回"),
];

impl State {
    /// The stable code: `POOL`.
    pub fn code(self) -> &'static str {
        STATES[self as usize].1
    }

    /// The Chinese word: 待认领.
    pub fn zh(self) -> &'static str {
        STATES[self as usize].2
    }

    /// The state of a code.
    pub fn of(code: &str) -> Option<Self> {
        STATES.iter().find(|(_, known, _)| *known == code).map(|(state, ..)| *state)
    }
}

/// A deadline that acts when nobody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    Claim,
    Resolve,
}

impl Timer {
    /// The stable code: `CLAIM`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Claim => "CLAIM",
            Self::Resolve => "RESOLVE",
        }
    }
}

/// Who acts, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Anybody of the district.
    Report,
    /// A liaison of the street.
    Claim,
    /// The liaison who claimed it.
    Dispatch,
    /// A handler of the lead department.
    Accept,
    /// The handler who accepted it; before that, any of the lead department.
    Resolve,
    /// The reporter.
    RateSatisfied,
    /// The reporter.
    RateDissatisfied,
    /// Time.
    Expire(Timer),
}

/// What else must hold, beside the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// It is in coordination because nobody claimed it.
    Unclaimed,
    /// The reporter has not been dissatisfied before.
    FirstTime,
    /// The reporter has been dissatisfied before.
    Again,
}

/// A row of the state table.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// The row's name in TICKET.md: "T2".
    pub id: &'static str,
    pub act: Act,
    /// Empty for the birth of a ticket.
    pub from: &'static [State],
    /// None: it stays where it is.
    pub to: Option<State>,
    pub when: When,
    pub cancels: &'static [Timer],
    pub arms: &'static [Timer],
    /// Sent back to the handler: at least 24 hours are left, and the return is counted.
    pub rework: bool,
    /// Why it is in coordination, where it leads there.
    pub reason: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
}

/// The part of a ticket that the rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    pub state: State,
    pub coordination_reason: &'a str,
    pub reopen_count: i32,
}

impl Transition {
    /// Whether a ticket that stands there may take this row.
    pub fn admits(&self, at: Position<'_>) -> bool {
        let when = match self.when {
            When::Always => true,
            When::Unclaimed => at.coordination_reason == UNCLAIMED,
            When::FirstTime => at.reopen_count == 0,
            When::Again => at.reopen_count > 0,
        };
        when && self.from.contains(&at.state)
    }
}

/// Nobody claimed it in time.
pub const UNCLAIMED: &str = "UNCLAIMED";
/// The reporter was dissatisfied twice.
pub const DISSATISFIED: &str = "DISSATISFIED";

/// The rows by which somebody may act; at most one of them admits a ticket.
pub fn rows(act: Act) -> impl Iterator<Item = &'static Transition> {
    TRANSITIONS.iter().filter(move |row| row.act == act)
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
pub const REWORK_HOURS: i32 = 24;
