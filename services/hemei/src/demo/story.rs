//! What was reported in sixty days, planned before any of it happens: who did what, when.
use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, rngs::StdRng};

use super::texts::{SUBJECTS, Subject};

/// How far a report has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Minutes until its time to be claimed is over.
    Waiting(i64),
    Claimed,
    Dispatched,
    InProgress,
    /// Beyond the department's time.
    Overdue,
    /// Nobody claimed it.
    Coordination,
    Feedback,
    Closed,
    /// Claimed after its time, closed all the same.
    ClosedLate,
}

/// One step of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Report,
    /// Deadlines that have passed by then take effect.
    Deadlines,
    Claim,
    Dispatch,
    Accept,
    Resolve,
    Rate,
}

/// A report from beginning to as far as it has come.
#[derive(Clone, Debug)]
pub struct Story {
    pub subject: &'static Subject,
    pub stage: Stage,
    pub acts: Vec<(DateTime<Utc>, Act)>,
    /// Which of the district's people and places.
    pub dice: [usize; 4],
    pub photo: bool,
}

impl Story {
    /// Whether deadlines pass in it: then it must be told alone, in order.
    pub fn meets_deadlines(&self) -> bool {
        self.acts.iter().any(|(_, act)| *act == Act::Deadlines)
    }
}

/// How many reports of a district are at each stage, beside those that are closed.
pub struct Counts {
    pub claimed: usize,
    pub dispatched: usize,
    pub in_progress: usize,
    pub overdue: usize,
    pub coordination: usize,
    pub feedback: usize,
    pub closed: usize,
    pub late: usize,
}

/// All stories of a district, by the time of their report.
pub fn plan(counts: &Counts, now: DateTime<Utc>, random: &mut StdRng) -> Vec<Story> {
    let waiting = [28, 17, 7].map(Stage::Waiting);
    let repeated = [
        (Stage::Claimed, counts.claimed),
        (Stage::Dispatched, counts.dispatched),
        (Stage::InProgress, counts.in_progress),
        (Stage::Overdue, counts.overdue),
        (Stage::Coordination, counts.coordination),
        (Stage::Feedback, counts.feedback),
        (Stage::Closed, counts.closed),
        (Stage::ClosedLate, counts.late),
    ];
    let stages = repeated.into_iter().flat_map(|(stage, count)| std::iter::repeat_n(stage, count));
    let mut stories: Vec<Story> = waiting.into_iter().chain(stages).map(|stage| story(stage, now, random)).collect();
    stories.sort_by_key(|story| story.acts[0].0);
    stories
}

fn story(stage: Stage, now: DateTime<Utc>, random: &mut StdRng) -> Story {
    let subject = subject(random);
    let dice = std::array::from_fn(|_| random.random_range(0..10_000));
    let acts = acts(stage, subject.hours * 60, now, random);
    Story { subject, stage, acts, dice, photo: random.random_bool(0.7) }
}

fn subject(random: &mut StdRng) -> &'static Subject {
    let all: u32 = SUBJECTS.iter().map(|subject| subject.weight).sum();
    let mut drawn = random.random_range(0..all);
    for subject in &SUBJECTS {
        if drawn < subject.weight {
            return subject;
        }
        drawn -= subject.weight;
    }
    &SUBJECTS[0]
}

/// Acts with their instants. Minutes from one to the next; the last one lies as long ago as its stage asks.
fn acts(stage: Stage, limit: i64, now: DateTime<Utc>, random: &mut StdRng) -> Vec<(DateTime<Utc>, Act)> {
    let quick = random.random_range(2..21);
    let dispatch = random.random_range(2..15);
    let accept = random.random_range(5..60);
    // Done within its time, and within a day and a half.
    let work = random.random_range(limit / 5..limit * 7 / 10).min(36 * 60) - accept;
    let rate = random.random_range(20..600);
    let past = random.random_range(12 * 60..58 * 24 * 60);
    let (gaps, since): (Vec<(i64, Act)>, i64) = match stage {
        Stage::Waiting(left) => (vec![], 30 - left),
        Stage::Claimed => (vec![(quick, Act::Claim)], random.random_range(1..8)),
        // Not long enough to count as accepted.
        Stage::Dispatched => (vec![(quick, Act::Claim), (dispatch, Act::Dispatch)], random.random_range(5..100)),
        Stage::InProgress => (
            vec![(quick, Act::Claim), (dispatch, Act::Dispatch), (accept, Act::Accept)],
            random.random_range(10..limit * 3 / 5),
        ),
        Stage::Overdue => (
            vec![
                (quick, Act::Claim),
                (dispatch, Act::Dispatch),
                (accept, Act::Accept),
                (limit + 1 - accept, Act::Deadlines),
            ],
            random.random_range(30..180),
        ),
        // Not long enough to fall to the fallback owner.
        Stage::Coordination => (vec![(31, Act::Deadlines)], random.random_range(2..40)),
        Stage::Feedback => (done(quick, dispatch, accept, work), random.random_range(10..600)),
        Stage::Closed => ([done(quick, dispatch, accept, work), vec![(rate, Act::Rate)]].concat(), past),
        Stage::ClosedLate => {
            ([vec![(31, Act::Deadlines)], done(quick, dispatch, accept, work), vec![(rate, Act::Rate)]].concat(), past)
        }
    };
    let mut at = now - TimeDelta::minutes(since + gaps.iter().map(|(gap, _)| gap).sum::<i64>());
    at -= TimeDelta::seconds(random.random_range(0..40));
    let mut acts = vec![(at, Act::Report)];
    for (gap, act) in gaps {
        at += TimeDelta::minutes(gap);
        acts.push((at, act));
    }
    acts
}

fn done(claim: i64, dispatch: i64, accept: i64, work: i64) -> Vec<(i64, Act)> {
    vec![(claim, Act::Claim), (dispatch, Act::Dispatch), (accept, Act::Accept), (work, Act::Resolve)]
}

#[cfg(test)]
mod tests {
    use chassis::clock::Clock;
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn no_story_is_in_the_future_and_only_some_meet_deadlines() {
        let now = Clock::System.now();
        let counts = Counts {
            claimed: 9,
            dispatched: 20,
            in_progress: 20,
            overdue: 9,
            coordination: 9,
            feedback: 9,
            closed: 200,
            late: 9,
        };
        let stories = plan(&counts, now, &mut StdRng::seed_from_u64(1));
        for story in &stories {
            assert!(story.acts.iter().all(|(at, _)| *at <= now), "{story:?}");
            assert!(story.acts.is_sorted_by_key(|(at, _)| *at), "{story:?}");
            assert!(story.acts[0].0 > now - TimeDelta::days(62), "{story:?}");
        }
        assert_eq!(stories.iter().filter(|story| story.meets_deadlines()).count(), 27);
    }
}
