//! Months and what they bring.
use chassis::{clock, faults::Fault};
use chrono::NaiveDate;
use proto::incentives::v1::{self, month};
use uuid::Uuid;

use crate::{
    month::{Appeal, CashAward, Month, MonthState, MonthTerms, Tier},
    ops::MonthSeen,
};

/// The largest award: what may be transferred to one person is far less.
pub const MOST_FEN: i64 = 10_000_000;

/// The first day of the month that is named.
pub fn named(sent: &str) -> Result<NaiveDate, Fault> {
    super::rules::month(sent)?.ok_or_else(|| Fault::field("month", "must be a month such as 2026-11"))
}

/// The version of a month that somebody saw, where it is named.
pub fn version(sent: i32) -> Result<Option<i32>, Fault> {
    match sent {
        ..0 => Err(Fault::field("version", "must be the version of the month, from 1, or unset")),
        0 => Ok(None),
        1.. => Ok(Some(sent)),
    }
}

/// A rank and what it is to bring.
pub fn award(request: &v1::PutCashAwardRequest) -> Result<(i32, i64), Fault> {
    if request.rank < 1 {
        return Err(Fault::field("rank", "must be at least 1"));
    }
    let good = (0..=MOST_FEN).contains(&request.gross_fen);
    if good {
        Ok((request.rank, request.gross_fen))
    } else {
        Err(Fault::field("gross_fen", "must be from 0 to 10000000"))
    }
}

pub fn terms(sent: v1::MonthTerms) -> Result<MonthTerms, Fault> {
    if sent.tiers.len() > 20 {
        return Err(Fault::field("tiers", "must be at most 20"));
    }
    if !(0..=720).contains(&sent.appeal_hours) {
        return Err(Fault::field("appeal_hours", "must be from 0 to 720"));
    }
    if !(0..i32::MAX).contains(&sent.version) {
        return Err(Fault::field("version", "must be the version that was edited"));
    }
    let mut tiers: Vec<Tier> = Vec::new();
    for v1::month_terms::Tier { first_rank, last_rank, gross_fen } in sent.tiers {
        if !(1..=1000).contains(&first_rank) || !(first_rank..=1000).contains(&last_rank) {
            return Err(Fault::field("tiers.last_rank", "ranks must be from 1 to 1000, the first not after the last"));
        }
        if !(1..=MOST_FEN).contains(&gross_fen) {
            return Err(Fault::field("tiers.gross_fen", "must be from 1 to 10000000"));
        }
        if tiers.iter().any(|tier| first_rank <= tier.last_rank && tier.first_rank <= last_rank) {
            return Err(Fault::field("tiers.first_rank", "tiers must not overlap"));
        }
        tiers.push(Tier { first_rank, last_rank, gross_fen });
    }
    Ok(MonthTerms { version: sent.version, tiers, appeal_hours: sent.appeal_hours })
}

pub fn told_terms(terms: MonthTerms) -> v1::MonthTerms {
    let tier = |Tier { first_rank, last_rank, gross_fen }| v1::month_terms::Tier { first_rank, last_rank, gross_fen };
    let tiers = terms.tiers.into_iter().map(tier).collect();
    v1::MonthTerms { version: terms.version, tiers, appeal_hours: terms.appeal_hours }
}

/// The month without its awards.
pub fn month(month: Month) -> v1::Month {
    let state = match month.state {
        MonthState::Closed => month::State::Closed,
        MonthState::ApprovedOnce => month::State::ApprovedOnce,
        MonthState::Approved => month::State::Approved,
        MonthState::Published => month::State::Published,
    };
    v1::Month {
        month: month.month.format("%Y-%m").to_string(),
        state: state.into(),
        closed_at: Some(clock::timestamp(month.closed_at)),
        members: month.members,
        points: month.points,
        publish_at: month.publish_at.map(clock::timestamp),
        published_at: month.published_at.map(clock::timestamp),
        reason: month.reason,
        version: month.version,
        ..v1::Month::default()
    }
}

pub fn seen(seen: MonthSeen, me: Uuid) -> v1::Month {
    let award = |award: CashAward| v1::CashAward {
        rank: award.rank,
        name: seen.names.get(&award.person_id).cloned().unwrap_or_else(|| "***".to_owned()),
        person_id: seen.decides.then(|| award.person_id.to_string()),
        points: award.points,
        gross_fen: award.gross_fen,
        // why a person got less is nobody else's business
        reason: if seen.decides || award.person_id == me { award.reason } else { String::new() },
        me: award.person_id == me,
    };
    let awards = seen.awards.into_iter().map(award).collect();
    let (my_rank, my_points) = seen.mine.unwrap_or_default();
    let appeals = seen.appeals.into_iter().map(appeal).collect();
    v1::Month { awards, my_rank, my_points, appeals, ..month(seen.month) }
}

pub fn appeal(appeal: Appeal) -> v1::MonthAppeal {
    v1::MonthAppeal {
        appeal_id: appeal.appeal_id.to_string(),
        person_id: appeal.person_id.to_string(),
        text: appeal.text,
        at: Some(clock::timestamp(appeal.at)),
        accepted: appeal.accepted,
        answer: appeal.answer,
    }
}
