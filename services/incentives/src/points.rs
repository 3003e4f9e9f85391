//! What a ticket's change does to points, and what a member sees of them.
use chrono::{DateTime, Utc};
use proto::{api::v1::post::Role, tickets::v1::ticket};
use uuid::Uuid;

use crate::rules::Report;

/// A member's balances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    pub available: i64,
    pub pending: i64,
    pub reserved: i64,
}

/// One of a member's three accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Bucket {
    Available,
    Pending,
    Reserved,
}

/// One leg of a transfer, as the member sees it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub transfer_id: i64,
    /// 0 the side the points left, 1 the side they came to.
    pub side: i32,
    pub bucket: Bucket,
    /// Signed.
    pub amount: i64,
    pub balance_after: i64,
    pub kind: String,
    pub text: String,
    pub ticket_id: Option<Uuid>,
    pub redemption_id: Option<Uuid>,
    pub activity_id: Option<Uuid>,
    pub reverses: Option<i64>,
    pub at: DateTime<Utc>,
}

/// What a change of a ticket means for its reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Grant,
    /// As one who reported the same.
    GrantShare,
    Activate,
    Void,
    /// Only the reporter's own award: it was merged, and shares instead.
    VoidReport,
    /// Only the award of who was the reporter before, and left.
    VoidFormer,
}

impl Effect {
    /// The earning rule of a grant.
    pub fn rule(self) -> &'static str {
        if self == Self::GrantShare { "CO_REPORT" } else { "REPORT" }
    }

    /// The only rule whose award it ends, where it does not end all of the ticket.
    pub fn ends_only(self) -> Option<&'static str> {
        matches!(self, Self::VoidReport | Self::VoidFormer).then(|| self.rule())
    }

    pub fn grants(self) -> bool {
        matches!(self, Self::Grant | Self::GrantShare)
    }
}

/// One effect with whom and what it is about.
#[derive(Clone, Debug)]
pub struct Change {
    pub effect: Effect,
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub reporter_id: Uuid,
    pub number: String,
    pub report: Report,
    pub at: DateTime<Utc>,
}

/// A ticket as an event tells it.
#[derive(Clone, Debug)]
pub struct Heard {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub reporter_id: Uuid,
    /// Whether reports in the reporter's role earn points.
    pub earns: bool,
    pub report: Report,
    pub state: &'static str,
    /// Invalid, for it was made in bad faith.
    pub malicious: bool,
    pub closed_at: Option<DateTime<Utc>>,
    pub checker_id: Option<Uuid>,
}

/// One who reported the same, as an event of the ticket tells it.
#[derive(Clone, Debug)]
pub struct CoReported {
    pub district_id: Uuid,
    /// What they reported.
    pub ticket_id: Uuid,
    /// What it was merged into.
    pub parent_id: Uuid,
    pub person_id: Uuid,
    /// Whether it shares from now on; nothing where that stays as it is.
    pub shares: Option<bool>,
}

/// Points for taking part in something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    pub activity_id: Uuid,
    pub name: String,
    /// To each.
    pub points: i64,
    /// In the order of their ids.
    pub people: Vec<Uuid>,
}

/// A transfer that is to be undone, and why.
#[derive(Clone, Debug)]
pub struct Correction {
    pub transfer_id: i64,
    pub reason: String,
}

/// Points are pending once somebody takes the ticket, active when it is closed, void when it was none.
pub fn effect(from: ticket::State, to: ticket::State) -> Option<Effect> {
    use ticket::State::{Claimed, Closed, Community, Coordination, Dispatched, Invalid, Pool, Withdrawn};
    match (from, to) {
        (Pool | Coordination, Claimed | Community | Dispatched) => Some(Effect::Grant),
        (_, Closed) => Some(Effect::Activate),
        (_, Invalid | Withdrawn) => Some(Effect::Void),
        _ => None,
    }
}

/// Whether reports in this role earn points; staff are paid.
pub fn earns(role: Role) -> bool {
    matches!(role, Role::Courier | Role::Resident | Role::HomeObserver)
}

/// Groups effects into waves: every ticket at most once in a wave, its effects in order over the waves.
pub fn waves<T>(items: Vec<T>, ticket: impl Fn(&T) -> Uuid) -> Vec<Vec<T>> {
    let mut seen = std::collections::HashMap::<Uuid, usize>::new();
    let mut waves: Vec<Vec<T>> = Vec::new();
    for item in items {
        let wave = seen.entry(ticket(&item)).or_default();
        if *wave == waves.len() {
            waves.push(Vec::new());
        }
        waves[*wave].push(item);
        *wave += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use proto::tickets::v1::ticket::State;

    use super::*;

    #[test]
    fn reporting_alone_earns_nothing() {
        assert_eq!(effect(State::Unspecified, State::Pool), None);
        assert_eq!(effect(State::Pool, State::Coordination), None);
    }

    #[test]
    fn points_follow_the_ticket() {
        assert_eq!(effect(State::Pool, State::Claimed), Some(Effect::Grant));
        assert_eq!(effect(State::Coordination, State::Claimed), Some(Effect::Grant));
        assert_eq!(effect(State::Coordination, State::Dispatched), Some(Effect::Grant));
        assert_eq!(effect(State::Claimed, State::Dispatched), None);
        assert_eq!(effect(State::Feedback, State::Closed), Some(Effect::Activate));
        assert_eq!(effect(State::Pool, State::Invalid), Some(Effect::Void));
        assert_eq!(effect(State::Claimed, State::Withdrawn), Some(Effect::Void));
    }

    #[test]
    fn the_effects_of_one_ticket_keep_their_order_over_the_waves() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let grouped = waves(vec![(a, 1), (b, 1), (a, 2), (a, 3), (b, 2)], |(ticket, _)| *ticket);
        assert_eq!(grouped, [vec![(a, 1), (b, 1)], vec![(a, 2), (b, 2)], vec![(a, 3)]]);
    }
}
