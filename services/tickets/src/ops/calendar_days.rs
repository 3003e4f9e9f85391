//! Which days are worked, beside Monday to Friday.
use std::collections::BTreeMap;

use chassis::{access::Caller, clock::business_date, faults::Fault};
use chrono::{Datelike, NaiveDate};

use crate::{
    Tickets, calendar,
    store::{self, calendar_day::OwnDay},
};

/// A day that differs from the week; true where the district has set it.
pub type ListedDay = (OwnDay, bool);

/// The days of a year; 0 is this year.
pub async fn list_calendar_days(tickets: &Tickets, caller: &Caller, year: i32) -> Result<Vec<ListedDay>, Fault> {
    let year = if year == 0 { business_date(tickets.clock.now()).year() } else { year };
    let span = (2020..=2100)
        .contains(&year)
        .then(|| Some((NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?)));
    let span = span.flatten().ok_or_else(|| Fault::field("year", "must be from 2020 to 2100, or 0 for this year"))?;
    let shipped = calendar::named_days().iter().filter(|(day, ..)| (span.0..=span.1).contains(day));
    let mut days: BTreeMap<NaiveDate, ListedDay> = shipped
        .map(|(day, kind, name)| (*day, (OwnDay { day: *day, kind: kind.code().into(), name: name.clone() }, false)))
        .collect();
    let own = store::calendar_day::between(&tickets.pool, caller.district_id, span).await?;
    days.extend(own.into_iter().map(|day| (day.day, (day, true))));
    Ok(days.into_values().collect())
}

/// Sets days of the caller's district.
pub async fn put_calendar_days(tickets: &Tickets, caller: &Caller, days: Vec<OwnDay>) -> Result<Vec<ListedDay>, Fault> {
    let made = (caller.person_id, tickets.clock.now());
    store::calendar_day::put(&tickets.pool, caller.district_id, &days, made).await?;
    tickets.refresh_terms().await?;
    Ok(days.into_iter().map(|day| (day, true)).collect())
}
