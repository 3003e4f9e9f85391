//! Rankings.
use chassis::faults::Fault;
use chrono::NaiveDate;
use proto::incentives::v1;
use uuid::Uuid;

use super::{rules::month, text};
use crate::{
    awarding::month_start,
    ops::Ranking,
    ranking::{Board, Place},
    store::member::Profile,
};

/// Which board, from which rank and how many rows.
pub fn board(district_id: Uuid, asked: &v1::GetRankingRequest, today: NaiveDate) -> Result<(Board, (i32, i32)), Fault> {
    let place = text("place_path", &asked.place_path, 0, 100)?;
    if !place.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        return Err(Fault::field("place_path", "must be the path of a place, such as gn.xy"));
    }
    // the root of the tree is the whole district
    let place = if place.contains('.') { place } else { String::new() };
    let wrong = || Fault::field("period", "must be a month such as 2026-11 or a year such as 2026");
    let board = if asked.period.is_empty() {
        Board::month(district_id, month_start(today), &place)
    } else if asked.period.len() == 4 {
        let year = asked.period.parse().ok().and_then(|year: i32| NaiveDate::from_ymd_opt(year, 1, 1));
        let year = year.filter(|day| *day > NaiveDate::default()).ok_or_else(wrong)?;
        Board::year(district_id, year, &place).ok_or_else(wrong)?
    } else {
        let month = month(&asked.period).ok().flatten().filter(|day| *day > NaiveDate::default()).ok_or_else(wrong)?;
        Board::month(district_id, month, &place)
    };
    let size = match asked.page_size {
        0 => 20,
        1..=100 => asked.page_size,
        _ => return Err(Fault::field("page_size", "must be from 1 to 100")),
    };
    let first = match asked.first_rank {
        0 => 1,
        1..=10_000_000 => asked.first_rank,
        _ => return Err(Fault::field("first_rank", "must be from 1 to 10000000")),
    };
    Ok((board, (first, size)))
}

pub fn profile(request: &v1::PutRankingProfileRequest) -> Result<Profile, Fault> {
    let nickname = text("nickname", &request.nickname, 0, 12)?;
    Ok(Profile { nickname: (!nickname.is_empty()).then_some(nickname), hidden: request.hidden })
}

pub fn chosen(profile: Profile) -> v1::RankingProfile {
    v1::RankingProfile { nickname: profile.nickname.unwrap_or_default(), hidden: profile.hidden }
}

pub fn ranking(board: &Board, ranking: &Ranking, me: Uuid) -> v1::Ranking {
    let row = |place: &Place| v1::RankingRow {
        rank: place.rank,
        name: ranking.names.get(&place.person_id).cloned().unwrap_or_else(|| "***".to_owned()),
        points: place.points,
        me: place.person_id == me,
    };
    let around = &ranking.page.around;
    let mine = around.iter().position(|place| place.person_id == me);
    let before = mine.and_then(|at| at.checked_sub(1)).map(|at| &around[at]);
    let points_to_next = mine.zip(before).map_or(0, |(mine, before)| before.points - around[mine].points + 1);
    v1::Ranking {
        period: board.period.clone(),
        members: ranking.page.members,
        rows: ranking.page.rows.iter().map(row).collect(),
        around_me: around.iter().map(row).collect(),
        points_to_next,
    }
}
