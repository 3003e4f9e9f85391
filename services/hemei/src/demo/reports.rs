//! Tells the stories with the real operations of the tickets service, each at its own time.
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use chassis::{
    access::{Caller, Reach},
    clock::Clock,
    keys::Keyring,
    media::{MediaIds, object_key},
    token::ClaimedPost,
};
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use proto::api::v1::post::Role;
use rand::{Rng, SeedableRng, rngs::StdRng};
use sqlx::PgPool;
use tickets::{
    Away, Deed, TicketSettings, Tickets,
    ops::{self, Crs, Dispatch, Location, Report, Target},
    sweep,
};
use uuid::Uuid;

use super::{
    land::{Compound, District},
    photo,
    story::{Act, Story},
};

/// How many groups of stories are told at the same time, and how many stories share their statements.
const TELLERS: usize = 3;
const GROUP: usize = 70;
/// How many different pictures there are.
const PICTURES: usize = 12;

/// The people who act in a district's stories.
pub struct Players {
    pub land: District,
    /// Couriers in the order of their posts, then home observers.
    pub reporters: Vec<Caller>,
    /// By the path of their street.
    pub liaisons: HashMap<String, Caller>,
    /// By the code of their department, with its id.
    pub handlers: HashMap<String, (Caller, Uuid)>,
}

/// Where it happens.
#[derive(Clone)]
pub struct Stage {
    pub pool: PgPool,
    pub keys_dir: PathBuf,
    pub media_dir: PathBuf,
    pub settings: TicketSettings,
    pictures: Arc<Vec<PathBuf>>,
}

impl Stage {
    /// Draws the pictures.
    pub fn set(pool: PgPool, keys_dir: &Path, media_dir: &Path, settings: TicketSettings) -> Result<Self> {
        let (drawn, mut pictures) = (media_dir.join("demo"), Vec::new());
        std::fs::create_dir_all(&drawn)?;
        for number in 0..PICTURES {
            let path = drawn.join(format!("{number}.png"));
            std::fs::write(&path, photo::png(number))?;
            pictures.push(path);
        }
        let (keys_dir, media_dir) = (keys_dir.to_owned(), media_dir.to_owned());
        Ok(Self { pool, keys_dir, media_dir, settings, pictures: Arc::new(pictures) })
    }

    /// The service at a moment of its own.
    async fn service(&self, at: DateTime<Utc>) -> Result<Tickets> {
        let media = MediaIds::new(Keyring::load_or_create(&self.keys_dir, "media")?);
        let tickets = Tickets::new(self.pool.clone(), Clock::stopped(at), media, self.settings, None);
        tickets.staff.reread(&self.pool, tickets.clock.today()).await?;
        Ok(tickets)
    }
}

/// A story with those who play it.
#[derive(Clone)]
pub struct Told {
    pub players: Arc<Players>,
    pub story: Story,
    pub reporter: usize,
}

/// Tells all stories: first those in which deadlines pass, in the order of time, then the others side by side.
pub async fn tell(stage: &Stage, stories: Vec<Told>) -> Result<()> {
    let (alone, together): (Vec<_>, Vec<_>) = stories.into_iter().partition(|told| told.story.meets_deadlines());
    in_order(stage, alone).await?;
    let mut tellers = Vec::new();
    for teller in 0..TELLERS {
        let mine: Vec<Told> = together.iter().skip(teller).step_by(TELLERS).cloned().collect();
        let stage = stage.clone();
        tellers.push(tokio::spawn(async move { side_by_side(&stage, mine, teller as u64).await }));
    }
    for teller in tellers {
        teller.await??;
    }
    Ok(())
}

async fn in_order(stage: &Stage, stories: Vec<Told>) -> Result<()> {
    let mut random = StdRng::seed_from_u64(stories.len() as u64);
    let mut acts: Vec<(DateTime<Utc>, Act, usize)> = Vec::new();
    for (index, told) in stories.iter().enumerate() {
        acts.extend(told.story.acts.iter().map(|(at, act)| (*at, *act, index)));
    }
    acts.sort_by_key(|(at, ..)| *at);
    let Some((begin, ..)) = acts.first() else { return Ok(()) };
    let tickets = stage.service(*begin).await?;
    let ids: Vec<Uuid> = stories.iter().map(|told| id_at(told.story.acts[0].0, &mut random)).collect();
    for (at, act, index) in acts {
        perform(stage, &tickets, (&stories[index], ids[index]), (at, act)).await?;
    }
    Ok(())
}

/// Tells a group step by step: all reports in one statement, then all claims …
async fn side_by_side(stage: &Stage, stories: Vec<Told>, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let Some(first) = stories.first() else { return Ok(()) };
    let tickets = stage.service(first.story.acts[0].0).await?;
    for group in stories.chunks(GROUP) {
        let group: Vec<_> = group.iter().map(|told| (told, id_at(told.story.acts[0].0, &mut random))).collect();
        let most = group.iter().map(|(told, _)| told.story.acts.len()).max().unwrap_or(0);
        for step in 0..most {
            let acting = group.iter().filter_map(|one| Some((*one, *one.0.story.acts.get(step)?)));
            // Each sets the clock and reads it before it first waits for the others.
            try_join_all(acting.map(|(one, act)| perform(stage, &tickets, one, act))).await?;
        }
    }
    Ok(())
}

async fn perform(
    stage: &Stage,
    tickets: &Tickets,
    (told, ticket_id): (&Told, Uuid),
    (at, act): (DateTime<Utc>, Act),
) -> Result<()> {
    tickets.clock.advance(at - tickets.clock.now());
    let (story, players) = (&told.story, &told.players);
    let target = Target { ticket_id, if_match: None };
    let reporter = &players.reporters[told.reporter];
    let liaison = || players.liaisons.get(street(told)).context("every street has a liaison");
    let (handler, department_id) =
        players.handlers.get(story.subject.department).context("every department has a handler")?;
    let done = match act {
        Act::Report => ops::report(tickets, reporter, report(stage, tickets, told, ticket_id)?).await,
        Act::Deadlines => return Ok(sweep::sweep(tickets, at).await.map(drop)?),
        Act::Claim => ops::act(tickets, liaison()?, target, Deed::Claim).await,
        Act::Dispatch => {
            let (assisting, text) = (Vec::new(), String::new());
            let order = Dispatch { target, department_id: *department_id, assisting, text };
            ops::dispatch(tickets, liaison()?, order).await
        }
        Act::Accept => ops::act(tickets, handler, target, Deed::Accept).await,
        Act::Resolve => {
            let media = vec![picture(stage, tickets, handler, story.dice[3] + 1)?];
            let text = story.subject.resolution.to_owned();
            ops::act(tickets, handler, target, Deed::Resolve { text, media, away: Away::default() }).await
        }
        Act::Rate => {
            let word = Deed::Rate { satisfied: true, solved: true, comment: String::new() };
            ops::act(tickets, reporter, target, word).await
        }
    };
    done.map(drop).with_context(|| format!("{act:?} of {ticket_id}"))
}

/// A report from inside the compound, a few metres from its middle.
fn report(stage: &Stage, tickets: &Tickets, told: &Told, ticket_id: Uuid) -> Result<Report> {
    let (story, at) = (&told.story, compound(told).center);
    let reporter = &told.players.reporters[told.reporter];
    let [_, _, text, number] = story.dice;
    let shift = |dice: usize| (dice % 100) as f64 * 1e-5 - 5e-4;
    let media_ids = if story.photo { vec![picture(stage, tickets, reporter, number)?] } else { Vec::new() };
    Ok(Report {
        ticket_id,
        category_code: story.subject.category.to_owned(),
        text: story.subject.reports[text % story.subject.reports.len()].to_owned(),
        location: Some(Location {
            lng: at.0 + shift(text),
            lat: at.1 + shift(number),
            crs: Crs::Gcj02,
            accuracy_m: Some(15.0),
        }),
        place_id: None,
        media_ids,
        captured_at: None,
        anonymous: false,
    })
}

/// A picture that this person took, in the store.
fn picture(stage: &Stage, tickets: &Tickets, person: &Caller, number: usize) -> Result<Uuid> {
    let id = tickets.media.mint(person.district_id, person.person_id, tickets.clock.now());
    let path = stage.media_dir.join(object_key(id));
    std::fs::create_dir_all(path.parent().context("a key has a folder")?)?;
    // One file under many names: the same few pictures stand for all.
    std::fs::hard_link(&stage.pictures[number % PICTURES], path)?;
    Ok(id)
}

fn compound(told: &Told) -> &Compound {
    let [community, compound, ..] = told.story.dice;
    let communities = &told.players.land.communities;
    // Half of all reports come from the first street, where the story plays.
    let near = communities.iter().filter(|one| one.street == communities[0].street).count();
    let community = if community % 2 == 0 {
        &communities[community / 2 % near]
    } else {
        &communities[community % communities.len()]
    };
    &community.compounds[compound % community.compounds.len()]
}

fn street(told: &Told) -> &str {
    let path = &compound(told).path;
    path.match_indices('.').nth(1).map_or(path, |(end, _)| &path[..end])
}

/// An id of that time, as a phone would have chosen it.
fn id_at(at: DateTime<Utc>, random: &mut StdRng) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random.random()).into_uuid()
}

/// Somebody who acts under one post.
pub fn caller(district_id: Uuid, person_id: Uuid, role: Role, path: &str, department: Option<Uuid>) -> Caller {
    let post = ClaimedPost { r: role.into(), p: path.to_owned(), l: path.split('.').count() as i32, d: department };
    let reach = Reach {
        own: true,
        district: false,
        places: vec![path.to_owned()],
        homes: Vec::new(),
        departments: department.into_iter().collect(),
    };
    Caller { person_id, district_id, session_id: Uuid::nil(), posts: vec![post], role, reach }
}
