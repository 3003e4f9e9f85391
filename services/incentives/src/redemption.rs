//! A redemption: reserved, then handed over, cancelled or expired.
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::Rng;
use uuid::Uuid;

use crate::prize::Kind;

/// The name of the column that pick-up codes are sealed for.
pub const CODE: &str = "redemption.code";
/// How long a hand-over can be repeated by its code.
pub const REPEATABLE: TimeDelta = TimeDelta::hours(24);

/// How long after it happened a hand-over can be told.
pub const TELL_WITHIN: TimeDelta = TimeDelta::hours(72);
/// How far the clock of a device at a pick-up point may be off.
pub const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);

/// How long after it was handed over a prize can be taken back.
pub const TAKE_BACK_FOR: TimeDelta = TimeDelta::days(7);

/// Where a redemption is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    Reserved,
    HandedOver,
    Cancelled,
    Expired,
    Returned,
}

impl State {
    /// The name on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reserved => "RESERVED",
            Self::HandedOver => "HANDED_OVER",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::Returned => "RETURNED",
        }
    }

    /// The name for people.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Reserved => "待领取",
            Self::HandedOver => "已领取",
            Self::Cancelled => "已取消",
            Self::Expired => "逾期未领",
            Self::Returned => "已退回",
        }
    }
}

/// A redemption as stored.
#[derive(Clone, Debug)]
pub struct Redemption {
    pub redemption_id: Uuid,
    pub person_id: Uuid,
    pub prize_id: Uuid,
    pub prize_name: String,
    pub kind: Kind,
    pub quantity: i64,
    pub points: i64,
    pub state: State,
    /// The pick-up code, or the code of a voucher.
    pub code_sealed: Vec<u8>,
    pub pickup_place_name: String,
    pub pickup_place_path: String,
    pub pickup_place_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub handed_over_by: Option<Uuid>,
    pub handed_over_at: Option<DateTime<Utc>>,
    /// The last day on which a voucher is good.
    pub valid_until: Option<NaiveDate>,
}

impl Redemption {
    /// The state at this instant: what is due counts as expired before the sweeper has come by.
    pub fn state_at(&self, now: DateTime<Utc>) -> State {
        if self.state == State::Reserved && self.expires_at <= now { State::Expired } else { self.state }
    }
}

/// What a member wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub redemption_id: Uuid,
    pub prize_id: Uuid,
    pub quantity: i64,
    /// Unset: the only one.
    pub pickup_place_id: Option<Uuid>,
}

/// What is told from a pick-up point.
#[derive(Clone, Debug)]
pub struct HandOver {
    pub code: String,
    /// By the clock of the device there; unset: now.
    pub at: Option<DateTime<Utc>>,
}

impl HandOver {
    /// When it happened: not later than now; unless the clock of the device is too far off, or it is told too late.
    pub fn happened(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
        match self.at {
            None => Ok(now),
            Some(at) if at > now + CLOCK_SLACK => Err("must not be more than 5 minutes in the future"),
            Some(at) if at < now - TELL_WITHIN => Err("must not be more than 72 hours ago"),
            Some(at) => Ok(at.min(now)),
        }
    }
}

/// Eight random digits.
pub fn new_code() -> String {
    format!("{:08}", rand::rng().random_range(0..100_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_over_happened_within_three_days_and_never_in_the_future() {
        let now = DateTime::from_timestamp(1_795_464_000, 0).unwrap();
        let happened = |at| HandOver { code: String::new(), at }.happened(now);
        assert_eq!(happened(None), Ok(now));
        assert_eq!(happened(Some(now + CLOCK_SLACK)), Ok(now));
        assert_eq!(happened(Some(now - TELL_WITHIN)), Ok(now - TELL_WITHIN));
        assert!(happened(Some(now + CLOCK_SLACK + TimeDelta::microseconds(1))).is_err());
        assert!(happened(Some(now - TELL_WITHIN - TimeDelta::microseconds(1))).is_err());
    }
}
