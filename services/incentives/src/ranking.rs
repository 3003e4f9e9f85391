//! The live ranking: sorted sets that follow the scores. Whatever is lost of them is written again from the scores, and the scores
//! answer meanwhile.
use std::time::Duration;

use chassis::{clock::business_date, faults::Fault};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use redis::{AsyncCommands, Pipeline};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Incentives,
    store::{self, score::Scored},
};

const BATCH: i64 = 2_000;
/// Sets of periods long past are left to be forgotten.
const KEPT: i64 = 400 * 86_400;
/// Members before and after one's own row.
const AROUND: isize = 3;

/// A month or a year of a district, whole or under a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    pub district_id: Uuid,
    pub first_month: NaiveDate,
    pub last_month: NaiveDate,
    /// "2026-11" or "2026".
    pub period: String,
    /// Empty: the whole district.
    pub place_path: String,
}

/// One row of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub rank: i64,
    pub person_id: Uuid,
    pub points: i64,
}

/// A page of a board, and what is around one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub members: i64,
    pub rows: Vec<Place>,
    pub around: Vec<Place>,
}

impl Board {
    /// The board of a month.
    pub fn month(district_id: Uuid, month: NaiveDate, place_path: &str) -> Self {
        let period = month.format("%Y-%m").to_string();
        Self { district_id, first_month: month, last_month: month, period, place_path: place_path.to_owned() }
    }

    /// The board of the year of a day.
    pub fn year(district_id: Uuid, day: NaiveDate, place_path: &str) -> Option<Self> {
        let of = |month| NaiveDate::from_ymd_opt(day.year(), month, 1);
        let (first_month, last_month) = (of(1)?, of(12)?);
        Some(Self {
            district_id,
            first_month,
            last_month,
            period: day.year().to_string(),
            place_path: place_path.to_owned(),
        })
    }

    fn key(&self, name: &str) -> String {
        format!("ranking:{name}:{}:{}:{}", self.district_id, self.period, self.place_path)
    }
}

/// Points first, then the second at which they were reached; both fit a double exactly. Smaller is better.
fn weight(points: i64, reached_at: DateTime<Utc>, first_month: NaiveDate) -> i64 {
    const SECONDS: i64 = 1 << 26;
    let since = (business_date(reached_at) - first_month).num_seconds()
        + (reached_at.timestamp() + 8 * 3600).rem_euclid(86_400);
    -(points.min((1 << 26) - 1) * SECONDS) + since.clamp(0, SECONDS - 1)
}

fn points_of(weight: i64) -> i64 {
    (-weight + (1 << 26) - 1) >> 26
}

/// Brings the sets up to date with the scores, one batch; answers how many scores that were.
pub async fn follow(state: &Incentives) -> Result<usize, Fault> {
    let name = state.database_name().await?;
    let [position, day, ready] = ["position", "day", "ready"].map(|key| format!("ranking:{name}:{key}"));
    let mut cache = state.cache.connection();
    let (after, followed): (Option<String>, Option<String>) = cache.mget(&[&position, &day]).await?;
    let after = after.as_deref().and_then(|text| chassis::paging::after(text).ok().flatten());
    let followed = followed.and_then(|text| text.parse::<NaiveDate>().ok());
    // sets that do not say by which day's posts they were written are written again
    let after = after.filter(|_| followed.is_some());
    // a replica whose clock is behind does not go back to yesterday
    let today = followed.map_or(state.clock.today(), |followed| followed.max(state.clock.today()));
    if let Some(followed) = followed.filter(|followed| after.is_some() && *followed < today) {
        store::score::renew(&state.pool, followed, today).await?;
    }
    let scores = store::score::since(&state.pool, after, today, BATCH).await?;
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    if followed != Some(today) {
        pipeline.set(&day, today.to_string()).ignore();
    }
    for score in &scores {
        place(&mut pipeline, name, score);
    }
    if let Some(last) = scores.last() {
        pipeline
            .set(&position, chassis::paging::encode(&(last.tx, last.district_id, last.person_id, last.month)))
            .ignore();
    } else if after.is_none() {
        // nothing was ever earned
        pipeline.set(&ready, 1).ignore();
    }
    if !scores.is_empty() && scores.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
        pipeline.set(&ready, 1).ignore();
    }
    if !pipeline.is_empty() {
        let () = pipeline.query_async(&mut cache).await?;
    }
    Ok(scores.len())
}

/// Writes one member's month and year into every board they belong to, and takes them out of all others.
fn place(pipeline: &mut Pipeline, name: &str, score: &Scored) {
    let member = score.person_id.to_string();
    let in_boards = scopes(&score.paths);
    let left: Vec<String> = scopes(&score.left_paths).into_iter().filter(|scope| !in_boards.contains(scope)).collect();
    let month = Board::month(score.district_id, score.month, "");
    let year = Board::year(score.district_id, score.month, "");
    let periods = [
        Some((month, score.points, score.reached_at)),
        year.map(|year| (year, score.year_points, score.year_reached_at)),
    ];
    for (board, points, reached_at) in periods.into_iter().flatten() {
        let on = |place_path: String| Board { place_path, ..board.clone() }.key(name);
        for scope in &left {
            pipeline.zrem(on(scope.clone()), &member).ignore();
        }
        for scope in &in_boards {
            let key = on(scope.clone());
            if score.visible && points > 0 {
                pipeline.zadd(&key, &member, weight(points, reached_at, board.first_month)).ignore();
                pipeline.expire(key, KEPT).ignore();
            } else {
                pipeline.zrem(key, &member).ignore();
            }
        }
    }
}

/// The whole district and every place that the paths lie in.
fn scopes(paths: &[String]) -> std::collections::BTreeSet<String> {
    let mut scopes = std::collections::BTreeSet::from([String::new()]);
    for path in paths {
        scopes.extend(path.match_indices('.').skip(1).map(|(at, _)| path[..at].to_owned()));
        scopes.extend(path.contains('.').then(|| path.clone()));
    }
    scopes
}

/// A page of a board from the sorted sets; nothing while these are not up to date.
pub async fn page(
    state: &Incentives,
    board: &Board,
    (first, size): (isize, isize),
    person: Uuid,
) -> Result<Option<Page>, Fault> {
    let name = state.database_name().await?;
    let (key, me) = (board.key(name), person.to_string());
    let mut cache = state.cache.connection();
    let (ready, members, rows, mine): (bool, i64, Vec<(String, i64)>, Option<isize>) = redis::pipe()
        .exists(format!("ranking:{name}:ready"))
        .zcard(&key)
        .zrange_withscores(&key, first - 1, first + size - 2)
        .zrank(&key, &me)
        .query_async(&mut cache)
        .await?;
    if !ready {
        return Ok(None);
    }
    let placed = |from: isize, rows: Vec<(String, i64)>| -> Vec<Place> {
        let row = |(person_id, weight): (String, i64), rank| {
            Some(Place { rank, person_id: person_id.parse().ok()?, points: points_of(weight) })
        };
        rows.into_iter().zip(i64::try_from(from).unwrap_or(1)..).filter_map(|(one, rank)| row(one, rank)).collect()
    };
    let around = match mine {
        None => Vec::new(),
        Some(mine) => {
            let from = (mine - AROUND).max(0);
            placed(from + 1, cache.zrange_withscores(&key, from, mine + AROUND).await?)
        }
    };
    Ok(Some(Page { members, rows: placed(first, rows), around }))
}

/// The same page from the scores themselves.
pub async fn recount(state: &Incentives, board: &Board, first: i64, size: i64, person: Uuid) -> Result<Page, Fault> {
    let around = i64::try_from(AROUND).unwrap_or_default();
    Ok(store::score::page(&state.pool, board, (first, size, around), person, state.clock.today()).await?)
}

/// Follows until stopped.
pub async fn run(state: Incentives, every: Duration, stop: CancellationToken) {
    loop {
        let followed = follow(&state).await;
        if let Err(fault) = &followed {
            tracing::warn!(%fault, "the ranking does not follow");
        }
        let wait = if followed.is_ok_and(|many| many >= 2_000) { Duration::ZERO } else { every };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_points_come_first_and_of_as_many_who_had_them_first() {
        let month: NaiveDate = "2026-01-01".parse().unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (early, late) = (at("2026-01-01T00:00:00Z"), at("2026-12-31T15:59:59Z"));
        assert!(weight(11, late, month) < weight(10, early, month));
        assert!(weight(10, early, month) < weight(10, late, month));
        for points in [1, 10, 67_108_863] {
            for time in [early, late] {
                let weight = weight(points, time, month);
                assert_eq!(
                    (points_of(weight), i64::from(points > 1_000_000)),
                    (points, i64::from(weight < -(1 << 45)))
                );
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    reason = "it is exact below 2^53"
                )]
                let kept = weight as f64 as i64;
                assert_eq!(kept, weight);
            }
        }
    }

    #[test]
    fn a_member_is_on_the_boards_of_every_place_above() {
        let scopes: Vec<String> = scopes(&["gn.xy.sh".to_owned()]).into_iter().collect();
        assert_eq!(scopes, ["", "gn.xy", "gn.xy.sh"]);
    }
}
