//! Awards and what people post by hand.
use std::collections::BTreeSet;

use chassis::{clock, faults::Fault};
use proto::incentives::v1::{self, award};
use uuid::Uuid;

use super::{id, text};
use crate::{
    award::{AwardState, Verdict, Which},
    ops::Evidenced,
    points::{Activity, Correction},
};

const MOST_PEOPLE: usize = 200;

/// Which award a request is about; the reporter's where no rule is named.
pub fn which(ticket_id: &str, rule: &str) -> Result<Which, Fault> {
    let rule = match rule {
        "" | "REPORT" => "REPORT",
        "CO_REPORT" => "CO_REPORT",
        _ => return Err(Fault::field("rule", "must be REPORT or CO_REPORT")),
    };
    Ok(Which { ticket_id: id("ticket_id", ticket_id)?, rule: rule.to_owned() })
}

pub fn verdict(request: &v1::DecideAwardRequest) -> Result<Verdict, Fault> {
    Ok(Verdict { earned: request.earned, reason: text("reason", &request.reason, 2, 200)? })
}

pub fn activity(request: &v1::GrantPointsRequest) -> Result<Activity, Fault> {
    if !(1..=1000).contains(&request.points) {
        return Err(Fault::field("points", "must be from 1 to 1000"));
    }
    if request.person_ids.is_empty() || request.person_ids.len() > MOST_PEOPLE {
        return Err(Fault::field("person_ids", "must name 1 to 200 people"));
    }
    let people = request.person_ids.iter().map(|person| id("person_ids", person));
    let people = people.collect::<Result<BTreeSet<Uuid>, Fault>>()?;
    if people.len() != request.person_ids.len() {
        return Err(Fault::field("person_ids", "must not name anybody twice"));
    }
    Ok(Activity {
        activity_id: id("activity_id", &request.activity_id)?,
        name: text("name", &request.name, 1, 60)?,
        points: request.points,
        people: people.into_iter().collect(),
    })
}

pub fn correction(request: &v1::ReverseEntryRequest) -> Result<Correction, Fault> {
    let number = request.entry_id.split('-').next().and_then(|number| number.parse().ok());
    let transfer_id = number.ok_or_else(|| Fault::field("entry_id", "must be the id of an entry"))?;
    Ok(Correction { transfer_id, reason: text("reason", &request.reason, 2, 200)? })
}

pub fn award((award, signals): Evidenced) -> v1::Award {
    let state = match award.state {
        AwardState::Pending => award::State::Pending,
        AwardState::Held => award::State::Held,
        AwardState::Active => award::State::Active,
        AwardState::Void => award::State::Void,
        AwardState::Reversed => award::State::Reversed,
    };
    let signal = |(signal, evidence)| award::Signal { signal, evidence };
    v1::Award {
        ticket_id: award.ticket_id.to_string(),
        ticket_number: award.ticket_number,
        rule: award.rule,
        person_id: award.person_id.to_string(),
        points: award.points,
        explained: award.explained,
        state: state.into(),
        awarded_at: Some(clock::timestamp(award.awarded_at)),
        ended_at: award.ended_at.map(clock::timestamp),
        reason: award.reason,
        doubted: award.doubted,
        signals: signals.into_iter().map(signal).collect(),
        appeal: award.appealed_at.and(award.appeal).unwrap_or_default(),
    }
}
