//! Proto ⇄ domain; the only file that names both.
pub mod actions;
pub mod awards;
pub mod months;
pub mod pickup_points;
pub mod prizes;
pub mod ranking;
pub mod redemptions;
pub mod rules;
pub mod statement;

use std::collections::HashSet;

use chassis::{clock, faults::Fault};
use chrono::{DateTime, Utc};
use proto::{
    events::v1::Event,
    incentives::v1::{self, points_entry},
    residents::v1::{PersonChanged, PlaceChanged, PostChanged},
    tickets::v1::{CoReport, PhotoSeen, TicketChanged, ticket},
};
use uuid::Uuid;

use crate::{
    ops::{Estimate, Held},
    points::{Balances, Bucket, Change, CoReported, Effect, Entry, Heard, earns, effect},
    rules::Report,
    store::{
        member::{Name, Post},
        photo::Told,
        place::Place,
    },
};

/// An id in a field of a request.
pub fn id(field: &str, text: &str) -> Result<Uuid, Fault> {
    let id = Uuid::try_parse(text).ok().filter(|id| !id.is_nil());
    id.ok_or_else(|| Fault::field(field, "must be a UUID, and not the nil UUID"))
}

/// A text in a field of a request, without the blanks around it.
pub fn text(field: &str, sent: &str, least: usize, most: usize) -> Result<String, Fault> {
    let sent = sent.trim();
    let good = (least..=most).contains(&sent.chars().count()) && !sent.contains('\0');
    if good { Ok(sent.to_owned()) } else { Err(Fault::field(field, format!("must have {least} to {most} characters"))) }
}

pub fn points(held: Held) -> v1::Points {
    let Balances { available, pending, reserved } = held.balances;
    let (expiring, expires_at) =
        held.expiring.map(|(points, at)| (points, Some(clock::timestamp(at)))).unwrap_or_default();
    v1::Points { available, pending, reserved, expiring, expires_at }
}

/// The time a balance is asked for.
pub fn as_of(at: &Option<prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>, Fault> {
    let read = |at| clock::instant(at).ok_or_else(|| Fault::field("as_of", "must be an RFC 3339 time"));
    at.as_ref().map(read).transpose()
}

pub fn estimate(estimate: Estimate) -> v1::PointsEstimate {
    let Estimate { report, co_report, next_prize, missing } = estimate;
    let brings = format!("这次上报预计 +{report} 分");
    let text = match &next_prize {
        Some((_, name, _)) => format!("{brings}，再有 {missing} 分可兑换{name}"),
        None => brings,
    };
    let (next_prize_id, next_prize_name, next_prize_points) =
        next_prize.map(|(id, name, points)| (Some(id.to_string()), name, points)).unwrap_or_default();
    v1::PointsEstimate { report, co_report, next_prize_id, next_prize_name, next_prize_points, missing, text }
}

pub fn entry(entry: Entry) -> v1::PointsEntry {
    let bucket = match entry.bucket {
        Bucket::Available => points_entry::Bucket::Available,
        Bucket::Pending => points_entry::Bucket::Pending,
        Bucket::Reserved => points_entry::Bucket::Reserved,
    };
    v1::PointsEntry {
        entry_id: format!("{}-{}", entry.transfer_id, bucket.as_str_name()),
        at: Some(clock::timestamp(entry.at)),
        bucket: bucket.into(),
        amount: entry.amount,
        balance_after: entry.balance_after,
        kind: entry.kind,
        text: entry.text,
        ticket_id: entry.ticket_id.map(|id| id.to_string()),
        redemption_id: entry.redemption_id.map(|id| id.to_string()),
        activity_id: entry.activity_id.map(|id| id.to_string()),
        reverses: entry.reverses.map(|id| id.to_string()),
    }
}

/// What a ticket's change does: to its reporter's points, and, when it is taken up or ends, to those of everybody who reported the same.
pub fn changes(event: &Event, changed: &TicketChanged) -> Result<Vec<Change>, Fault> {
    let state = |state| ticket::State::try_from(state).unwrap_or_default();
    let to = state(changed.to_state);
    let means = effect(state(changed.from_state), to);
    let own = (heard("ticket_id", &changed.ticket_id)?, heard("reporter_id", &changed.reporter_id)?);
    let shared = |report: &CoReport| {
        Ok::<_, Fault>((heard("ticket_id", &report.ticket_id)?, heard("person_id", &report.person_id)?))
    };
    let mut wanted = Vec::new();
    if changed.transition == "T29b" {
        // the reporter left: who takes their place has their award instead of a share, at once where the ticket is taken up already
        wanted.push((Effect::VoidFormer, own));
        for report in changed.co_reports.iter().filter(|report| report.person_id == changed.reporter_id) {
            wanted.push((Effect::Void, shared(report)?));
        }
        wanted.extend((earns(changed.reporter_role()) && to != ticket::State::Pool).then_some((Effect::Grant, own)));
    } else if earns(changed.reporter_role()) {
        // merged: it shares instead
        let means = if to == ticket::State::Merged { Some(Effect::VoidReport) } else { means };
        wanted.extend(means.map(|effect| (effect, own)));
    }
    if let Some(effect) = means.filter(|_| matches!(to, ticket::State::Closed | ticket::State::Invalid)) {
        for report in &changed.co_reports {
            wanted.push((effect, shared(report)?));
        }
    }
    let newest = changed.co_reports.last().filter(|_| changed.transition == "T39").map(|report| &report.ticket_id);
    // taken up again after all, they share again; who has their share keeps it
    let again = means == Some(Effect::Grant);
    for report in sharing(changed).filter(|report| again || newest == Some(&report.ticket_id)) {
        wanted.push((Effect::GrantShare, shared(report)?));
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let district_id = heard("district_id", &event.district_id)?;
    let at = changed.at.as_ref().and_then(clock::instant).ok_or_else(|| Fault::internal("an event without a time"))?;
    let change = |(effect, (ticket_id, reporter_id))| Change {
        effect,
        district_id,
        ticket_id,
        reporter_id,
        number: changed.number.clone(),
        report: report(changed, at),
        at,
    };
    Ok(wanted.into_iter().map(change).collect())
}

/// What rules look at.
fn report(changed: &TicketChanged, at: DateTime<Utc>) -> Report {
    Report {
        category_code: changed.category_code.clone(),
        priority: i16::try_from(changed.priority).unwrap_or_default(),
        level: i16::try_from(changed.level).unwrap_or_default(),
        place_path: changed.place_path.clone(),
        photos: changed.media_count,
        received_at: changed.received_at.as_ref().and_then(clock::instant).unwrap_or(at),
    }
}

/// The photos a report shows, told with its first change.
pub fn photos(event: &Event, changed: &TicketChanged) -> Result<Vec<Told>, Fault> {
    let shown = |media: &String| {
        Ok(Told::Shown {
            district_id: heard("district_id", &event.district_id)?,
            ticket_id: heard("ticket_id", &changed.ticket_id)?,
            media_id: heard("media_ids", media)?,
        })
    };
    changed.media_ids.iter().map(shown).collect()
}

/// What a photo is.
pub fn photo(event: &Event, seen: PhotoSeen) -> Result<Told, Fault> {
    let district_id = heard("district_id", &event.district_id)?;
    Ok(Told::Seen { district_id, media_id: heard("media_id", &seen.media_id)?, sha256: seen.sha256 })
}

/// The ticket as an event tells it.
pub fn heard_ticket(event: &Event, changed: &TicketChanged) -> Result<Heard, Fault> {
    let at = changed.at.as_ref().and_then(clock::instant).ok_or_else(|| Fault::internal("an event without a time"))?;
    let state = ticket::State::try_from(changed.to_state).unwrap_or_default();
    Ok(Heard {
        district_id: heard("district_id", &event.district_id)?,
        ticket_id: heard("ticket_id", &changed.ticket_id)?,
        reporter_id: heard("reporter_id", &changed.reporter_id)?,
        earns: earns(changed.reporter_role()),
        report: report(changed, at),
        state: state.as_str_name(),
        malicious: changed.malicious && state == ticket::State::Invalid,
        closed_at: (state == ticket::State::Closed).then_some(at),
        checker_id: changed.checker_id.as_deref().map(|id| heard("checker_id", id)).transpose()?,
    })
}

/// Who reported the same, with what a change of the ticket does to their shares.
pub fn co_reports(event: &Event, changed: &TicketChanged, wanted: &[Change]) -> Result<Vec<CoReported>, Fault> {
    let newest = changed.co_reports.len().checked_sub(1).filter(|_| changed.transition == "T39");
    let told = |(number, report): (usize, &CoReport)| {
        let ticket_id = heard("ticket_id", &report.ticket_id)?;
        let shares =
            wanted.iter().find(|change| change.ticket_id == ticket_id).and_then(|change| match change.effect {
                Effect::GrantShare => Some(true),
                Effect::Void => Some(false),
                _ => None,
            });
        Ok(CoReported {
            district_id: heard("district_id", &event.district_id)?,
            ticket_id,
            parent_id: heard("ticket_id", &changed.ticket_id)?,
            person_id: heard("person_id", &report.person_id)?,
            // merged in without a share, by who has one or earns none
            shares: shares.or((newest == Some(number)).then_some(false)),
        })
    };
    changed.co_reports.iter().enumerate().map(told).collect()
}

/// A share is for another person than the reporter and those before: the same trouble reported twice earns once. Who became the
/// reporter shares no more.
fn sharing(changed: &TicketChanged) -> impl Iterator<Item = &CoReport> {
    let mut known = HashSet::from([changed.reporter_id.as_str()]);
    let reports = changed.co_reports.iter().filter(move |report| known.insert(&report.person_id));
    reports.filter(|report| !report.promoted && earns(report.role()))
}

pub fn place(event: &Event, changed: PlaceChanged) -> Result<Place, Fault> {
    let district_id = heard("district_id", &event.district_id)?;
    let place_id = heard("place_id", &changed.place_id)?;
    Ok(Place { district_id, place_id, path: changed.path, name: changed.name })
}

pub fn name(event: &Event, changed: PersonChanged) -> Result<Name, Fault> {
    let district_id = heard("district_id", &event.district_id)?;
    Ok(Name { district_id, person_id: heard("person_id", &changed.person_id)?, name: changed.name })
}

pub fn post(event: &Event, changed: PostChanged) -> Result<Post, Fault> {
    let day = |text: &str| text.parse().map_err(|_| Fault::internal("a post whose date is none"));
    Ok(Post {
        district_id: heard("district_id", &event.district_id)?,
        post_id: heard("post_id", &changed.post_id)?,
        person_id: heard("person_id", &changed.person_id)?,
        staff: !earns(changed.role()),
        from: day(&changed.from_date)?,
        until: changed.until_date.as_deref().map(day).transpose()?,
        place_path: changed.place_path,
    })
}

fn heard(field: &str, text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::internal(format!("an event whose {field} is no UUID")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nil_uuid_is_no_id() {
        for wrong in ["", "x", &Uuid::nil().to_string()] {
            assert_eq!(id("prize_id", wrong).unwrap_err().fields[0].0, "prize_id");
        }
    }
}
