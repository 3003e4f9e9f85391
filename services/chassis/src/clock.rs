//! Time is passed in, so that tests can stop it.
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};

/// Where a service reads the time. Instants are UTC in whole microseconds, as PostgreSQL stores them.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    Stopped(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at an instant until it is moved.
    pub fn stopped(at: DateTime<Utc>) -> Self {
        Self::Stopped(Arc::new(AtomicI64::new(at.timestamp_micros())))
    }

    pub fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
        let micros = match self {
            Self::System => Utc::now().timestamp_micros(),
            Self::Stopped(at) => at.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    /// Moves a stopped clock; a running one goes its own way.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Stopped(at) = self {
            at.fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Today's business date, in Asia/Shanghai.
    pub fn today(&self) -> NaiveDate {
        business_date(self.now())
    }
}

/// The business date of an instant: Asia/Shanghai has kept UTC+8 without daylight saving since 1991.
pub fn business_date(at: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(8 * 3600).map_or_else(|| at.date_naive(), |offset| at.with_timezone(&offset).date_naive())
}

/// The start of a business date.
pub fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}

/// An instant as protobuf has it.
pub fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0) }
}

/// A protobuf instant in whole microseconds; `None` where it is none.
pub fn instant(at: &prost_types::Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(at.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    DateTime::from_timestamp(at.seconds, nanos / 1000 * 1000)
}
