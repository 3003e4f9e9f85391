//! A random walk over the real rules: people of every kind do everything to everything, with retries, races and time. After
//! every step the invariants of the state table hold.
use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{
    World, council,
    invariants::{Track, begun, check, settle},
    morning, terms,
};
use crate::{
    decide::{Actor, Away, Change, Decision, Deed, Ruling, Wish, decide},
    machine::{Act, TRANSITIONS},
    ticket::{CoReport, CouncilDecision},
};

/// Steps of one walker. `HEMEI_WALK_STEPS` asks for more or fewer in all.
const STEPS: usize = 1_000_000;
const WALKERS: u64 = 4;
const TICKETS: usize = 6;

/// A small generator: the same seed walks the same way.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

struct Walk {
    world: World,
    dice: Dice,
    now: DateTime<Utc>,
    tracks: Vec<Track>,
    last: Option<(usize, Wish)>,
    born: u128,
    taken: HashSet<&'static str>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let world = World::new();
        let mut walk = Self {
            world,
            dice: Dice(seed),
            now: morning(),
            tracks: Vec::new(),
            last: None,
            born: 0,
            taken: HashSet::new(),
        };
        for _ in 0..TICKETS {
            let track = walk.report();
            walk.tracks.push(track);
        }
        walk
    }

    fn report(&mut self) -> Track {
        self.born += 1;
        let reporter = self.world.people[self.dice.roll(2)].clone();
        let ticket = self.world.born(self.born, &reporter, self.now, 2 + i16::try_from(self.dice.roll(3)).unwrap());
        let change = Change::born(ticket.clone(), String::new());
        let replayed = begun(&ticket, &change);
        Track { ticket, replayed, last_at: self.now, ..Track::default() }
    }

    fn step(&mut self) {
        if self.dice.one_in(10) {
            self.now += TimeDelta::minutes([1, 2, 7, 20, 40, 90, 600, 5000][self.dice.roll(8)]);
        }
        let at = self.dice.roll(TICKETS);
        match self.dice.roll(12) {
            0 | 1 => self.fire(at),
            4 if self.last.is_some() => self.again(),
            5 => self.merge(at),
            _ => {
                let actor = self.actor(at);
                let deed = self.deed(at);
                let wish = self.world.wish(&self.tracks[at].ticket, Some(&actor), deed, self.now);
                self.carry(at, wish);
            }
        }
        let ended = self.tracks[at].ticket.state().ended();
        if ended
            && self.dice.one_in(30)
            && !self.tracks.iter().any(|other| other.ticket.parent_ticket_id == Some(self.tracks[at].ticket.ticket_id))
        {
            self.tracks[at] = self.report();
            self.last = None;
        }
    }

    /// Anybody, or, so that the walk gets somewhere, one who has a part in the ticket.
    fn actor(&mut self, at: usize) -> Actor {
        let (ticket, people) = (&self.tracks[at].ticket, &self.world.people);
        let part =
            [Some(ticket.reporter_id), ticket.claimed_by, ticket.handler_id, ticket.checker_id][self.dice.roll(4)];
        let knows = |person: &&Actor| Some(person.person_id) == part;
        let of_department =
            |person: &&Actor| ticket.department_id.is_some_and(|id| person.reach.departments.contains(&id));
        let known = match self.dice.roll(3) {
            0 => people.iter().find(knows),
            1 => people.iter().find(of_department),
            _ => None,
        };
        known.cloned().unwrap_or_else(|| people[self.dice.roll(people.len())].clone())
    }

    /// What is due acts, oldest first.
    fn fire(&mut self, at: usize) {
        let ticket = &self.tracks[at].ticket;
        let Some(due) = ticket.due_at.filter(|due| *due <= self.now) else { return };
        let first = ticket.deadlines().into_iter().find(|deadline| deadline.due_at == due).unwrap();
        let wish = self.world.wish(ticket, None, Deed::Expire(first.kind), self.now);
        let before = ticket.version;
        self.carry(at, wish);
        assert!(
            self.tracks[at].ticket.version > before,
            "a deadline did nothing: {first:?} {:?}",
            self.tracks[at].ticket
        );
    }

    /// The last wish once more: the same answer, or a refusal; never a second effect.
    fn again(&mut self) {
        let (at, wish) = self.last.clone().unwrap();
        let before = self.tracks[at].ticket.version;
        if matches!(decide(&self.tracks[at].ticket, &wish, &self.world.rules), Ok(Decision::Change(_))) {
            panic!("a repetition had an effect: {wish:?} on {:?} at {before}", self.tracks[at].ticket);
        }
    }

    /// Two tickets in one step, or neither.
    fn merge(&mut self, child: usize) {
        let parent = self.dice.roll(TICKETS);
        if parent == child || self.tracks[parent].ticket.state().ended() {
            return;
        }
        let actor = self.world.people[2 + self.dice.roll(2)].clone();
        let (duplicate, into) = (&self.tracks[child].ticket, &self.tracks[parent].ticket);
        let report = CoReport {
            ticket_id: duplicate.ticket_id,
            person_id: duplicate.reporter_id,
            role: duplicate.reporter_role.clone(),
            promoted: false,
        };
        let merge =
            self.world.wish(duplicate, Some(&actor), Deed::Merge { parent_ticket_id: into.ticket_id }, self.now);
        let take_in = self.world.wish(into, Some(&actor), Deed::TakeIn { report }, self.now);
        let both = (decide(duplicate, &merge, &self.world.rules), decide(into, &take_in, &self.world.rules));
        if let (Ok(Decision::Change(merged)), Ok(Decision::Change(taken))) = both {
            self.write(child, *merged);
            self.write(parent, *taken);
            self.last = None;
        }
    }

    fn carry(&mut self, at: usize, wish: Wish) {
        let decided = decide(&self.tracks[at].ticket, &wish, &self.world.rules);
        let Ok(Decision::Change(change)) = decided else { return };
        // a race: somebody else decided on the same row; whoever writes second has the wrong version
        if self.dice.one_in(8) {
            let rival = self.world.people[self.dice.roll(self.world.people.len())].clone();
            let deed = self.deed(at);
            let rival = self.world.wish(&self.tracks[at].ticket, Some(&rival), deed, self.now);
            if let Ok(Decision::Change(first)) = decide(&self.tracks[at].ticket, &rival, &self.world.rules) {
                self.write(at, *first);
                assert_ne!(change.version, self.tracks[at].ticket.version, "both would be written");
                self.last = None;
                return;
            }
        }
        self.write(at, *change);
        self.last = wish.actor.is_some().then_some((at, wish));
    }

    fn write(&mut self, at: usize, change: Change) {
        self.taken.insert(change.transition);
        let track = &mut self.tracks[at];
        let before = std::mem::replace(&mut track.ticket, change.after.clone());
        let Value::Object(facts) = &change.facts else { panic!("facts") };
        track.replayed.extend(facts.clone());
        if change.moves {
            track.time_in_states += change.at - before.entered_at.unwrap();
        }
        if ["T4b", "T14"].contains(&change.transition) {
            track.resolver = change.actor_id;
        }
        settle(track, &change);
        check(&before, track, &change);
        track.last_at = change.at;
    }

    /// Half of the time something the state table has a row for, else anything.
    fn deed(&mut self, at: usize) -> Deed {
        let state = self.tracks[at].ticket.state();
        let timed = |act: Act| matches!(act, Act::Expire(_) | Act::Report | Act::Merge | Act::TakeIn);
        let fits = self.dice.one_in(2);
        let rows = TRANSITIONS.iter().filter(|row| !timed(row.act) && (!fits || row.from.contains(&state)));
        let acts: Vec<Act> = rows.map(|row| row.act).collect();
        match acts.len() {
            0 => Deed::Claim,
            acts_there => {
                let act = acts[self.dice.roll(acts_there)];
                self.deed_of(act)
            }
        }
    }

    fn deed_of(&mut self, act: Act) -> Deed {
        let department_id = self.world.departments[self.dice.roll(4)];
        let assisting = if self.dice.one_in(3) { vec![self.world.departments[self.dice.roll(4)]] } else { vec![] };
        let assisting: Vec<_> = assisting.into_iter().filter(|other| *other != department_id).collect();
        let (text, reason) = ("文字".to_owned(), "理由".to_owned());
        let until = self.now + TimeDelta::hours(i64::try_from(self.dice.roll(900)).unwrap());
        let media = vec![uuid::Uuid::from_u128(self.dice.0.into())];
        let malicious = self.dice.one_in(2);
        let ruling = |department_id: Option<_>, extension_minutes| {
            let assisting = if department_id.is_some() { assisting.clone() } else { vec![] };
            Deed::Rule { ruling: Ruling { department_id, assisting, extension_minutes }, reason: "裁定".into() }
        };
        match act {
            Act::Claim | Act::Report | Act::Merge | Act::TakeIn => Deed::Claim,
            Act::HandToCommunity => Deed::HandToCommunity { text },
            Act::PassUp => Deed::PassUp { reason },
            Act::Dispatch => Deed::Dispatch { department_id, assisting, text },
            Act::MarkUnclear => Deed::MarkUnclear { reason },
            Act::Accept => Deed::Accept,
            Act::Refuse => Deed::Refuse { basis: reason },
            Act::RuleDepartment => ruling(Some(department_id), None),
            Act::RuleCommunity => ruling(None, Some(60)),
            Act::Resolve => Deed::Resolve { text, media, away: Away::default() },
            Act::Pause => Deed::Pause { until: None, text },
            Act::Resume => Deed::Resume { reason },
            Act::CheckPassed => Deed::Check { passed: true, text },
            Act::CheckFailed => Deed::Check { passed: false, text },
            Act::RateSatisfied => Deed::Rate { satisfied: true, solved: true, comment: text },
            Act::RateDissatisfied => Deed::Rate { satisfied: false, solved: malicious, comment: text },
            Act::PutOff => Deed::PutOff { reason, review_at: until },
            Act::Review => Deed::Review { reason },
            Act::ProposeInvalid => Deed::ProposeInvalid { reason, malicious },
            Act::ConfirmInvalid => Deed::ConfirmInvalid,
            Act::Appeal => Deed::Appeal { reason },
            Act::DismissAppeal => Deed::DismissAppeal { reason },
            Act::Reopen => Deed::Reopen { text, media },
            Act::Withdraw => Deed::Withdraw { reason },
            Act::Mediate => Deed::Mediate { mediation_case_id: department_id, until, text },
            Act::AddEvidence => Deed::AddEvidence { text, media },
            Act::Classify => Deed::Classify(terms()),
            Act::InviteParties => Deed::InviteParties { departments: vec![department_id], text, until: None },
            Act::CouncilReopens => council(CouncilDecision::Reopen, None),
            Act::CouncilKeeps => council(CouncilDecision::Keep, Some(until)),
            Act::CouncilCloses => council(CouncilDecision::Close, None),
            Act::FileStatement => Deed::FileStatement { text },
            Act::FinishPart => Deed::FinishPart { text },
            Act::RequestPause => Deed::RequestPause { reason_code: "WEATHER".into(), text, until },
            Act::Expire(timer) => Deed::Expire(timer),
        }
    }
}

#[test]
fn a_million_random_steps_keep_every_invariant() {
    let steps = std::env::var("HEMEI_WALK_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(STEPS);
    let walkers = (1..=WALKERS).map(|seed| {
        std::thread::spawn(move || {
            let mut walk = Walk::new(seed);
            for _ in 0..steps / WALKERS as usize {
                walk.step();
            }
            walk.taken
        })
    });
    let walkers: Vec<_> = walkers.collect();
    let taken: HashSet<&str> = walkers.into_iter().flat_map(|walker| walker.join().unwrap()).collect();
    let missed: Vec<_> =
        TRANSITIONS.iter().map(|row| row.id).filter(|id| *id != "T1" && *id != "T13b" && !taken.contains(id)).collect();
    assert!(missed.is_empty(), "rows never walked: {missed:?}");
}
