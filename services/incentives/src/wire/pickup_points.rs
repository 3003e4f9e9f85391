//! Pick-up points and their opening times.
use chassis::{clock, faults::Fault, text::is_plain};
use proto::incentives::v1::{
    self,
    opening_times::{self, Hours},
};

use super::{id, text};
use crate::{
    Incentives,
    opening::{Day, Now, Opening, Span, Weekly},
    prize::{PickUpPoint, PointEdit},
};

const TIME: &str = "must be a time of the day like 9:00, from 0:00 to 24:00";

pub fn pickup_point(state: &Incentives, point: PickUpPoint) -> v1::PickUpPoint {
    let (open_now, open_until, opens_at) = match point.opening.at(state.clock.now()) {
        Now::Unknown => (None, None, None),
        Now::Open { until } => (Some(true), Some(until), None),
        Now::Closed { opens } => (Some(false), None, opens),
    };
    v1::PickUpPoint {
        place_id: point.place_id.to_string(),
        name: point.name,
        address: point.address,
        phone: point.phone,
        lng: point.lng,
        lat: point.lat,
        opening_text: point.opening.text(),
        opening: Some(opening_times(&point.opening)),
        open_now,
        open_until: open_until.map(clock::timestamp),
        opens_at: opens_at.map(clock::timestamp),
    }
}

pub fn edit(request: &v1::PutPickUpPointRequest) -> Result<PointEdit, Fault> {
    let phone = text("phone", &request.phone, 0, 30)?;
    if !phone.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-')) {
        return Err(Fault::field("phone", "must have digits, blanks, \"+\" and \"-\" only"));
    }
    let (lng, lat) = (request.lng, request.lat);
    let known = lng.zip(lat).is_none_or(|(lng, lat)| (-180.0..=180.0).contains(&lng) && (-90.0..=90.0).contains(&lat));
    if lng.is_some() != lat.is_some() || !known {
        return Err(Fault::field("lng", "must come with lat, from -180 to 180 and from -90 to 90"));
    }
    for (field, sent) in [("name", &request.name), ("address", &request.address)] {
        if !is_plain(sent) {
            return Err(Fault::field(field, "must be one line without control characters"));
        }
    }
    Ok(PointEdit {
        place_id: id("place_id", &request.place_id)?,
        name: text("name", &request.name, 1, 40)?,
        address: text("address", &request.address, 0, 100)?,
        phone,
        lng,
        lat,
        opening: request.opening.as_ref().map(opening).transpose()?.unwrap_or_default(),
    })
}

fn opening(sent: &v1::OpeningTimes) -> Result<Opening, Fault> {
    let weekly = |(at, one): (usize, &opening_times::Weekly)| {
        let weekday = u8::try_from(one.weekday)
            .map_err(|_| Fault::field(format!("opening.week[{at}].weekday"), "must be from 1 to 7"))?;
        Ok(Weekly { weekday, span: span(&format!("opening.week[{at}]"), &one.from, &one.to)? })
    };
    let day = |(at, one): (usize, &opening_times::Day)| {
        let field = format!("opening.days[{at}]");
        let spans = one.hours.iter().map(|hours| span(&format!("{field}.hours"), &hours.from, &hours.to));
        Ok(Day {
            date: one
                .date
                .parse()
                .map_err(|_| Fault::field(format!("{field}.date"), "must be a date like 2027-01-01"))?,
            spans: spans.collect::<Result<_, Fault>>()?,
            note: text(&format!("{field}.note"), &one.note, 0, 40)?,
        })
    };
    let opening = Opening {
        week: sent.week.iter().enumerate().map(weekly).collect::<Result<_, Fault>>()?,
        days: sent.days.iter().enumerate().map(day).collect::<Result<_, Fault>>()?,
    };
    opening.checked().map_err(|(field, rule)| Fault::field(format!("opening.{field}"), rule))
}

fn span(field: &str, from: &str, to: &str) -> Result<Span, Fault> {
    let minute = |end: &str, text: &str| minute(text).ok_or_else(|| Fault::field(format!("{field}.{end}"), TIME));
    Ok(Span { from: minute("from", from)?, to: minute("to", to)? })
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() <= 2 && minute.len() == 2)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok())?;
    let (hour, minute) = (digits(hour)?, digits(minute).filter(|minute| *minute < 60)?);
    Some(hour * 60 + minute).filter(|minute| *minute <= 24 * 60)
}

fn opening_times(opening: &Opening) -> v1::OpeningTimes {
    let time = |minute: u16| format!("{}:{:02}", minute / 60, minute % 60);
    let weekly = |one: &Weekly| opening_times::Weekly {
        weekday: one.weekday.into(),
        from: time(one.span.from),
        to: time(one.span.to),
    };
    let hours = |span: &Span| Hours { from: time(span.from), to: time(span.to) };
    let day = |day: &Day| opening_times::Day {
        date: day.date.to_string(),
        hours: day.spans.iter().map(hours).collect(),
        note: day.note.clone(),
    };
    v1::OpeningTimes { week: opening.week.iter().map(weekly).collect(), days: opening.days.iter().map(day).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_of_the_day() {
        assert_eq!(["0:00", "09:30", "24:00"].map(minute), [Some(0), Some(570), Some(1440)]);
        assert_eq!(["24:01", "9:60", "9", "9:5", "+9:00", "-1:00", ":00"].map(minute), [None; 7]);
    }
}
