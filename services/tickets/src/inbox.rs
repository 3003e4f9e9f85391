//! What was said to each person about the tickets that concern them: always in their inbox, exactly once. What is about no ticket:
//! see `rewards`.
use chassis::faults::Fault;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Tickets,
    audience::{behind, concerned, reporter},
    followers::{Said, Told},
    notices::filling,
    store::{self, inbox::NewMessage, notice::Holders},
};

/// What is older when it comes, as when an installation is filled with the past, counts as read.
const STALE: TimeDelta = TimeDelta::days(7);

/// Writes what these changes say to everybody concerned.
pub async fn keep(tickets: &Tickets, connection: &mut PgConnection, said: &[Said<'_>]) -> Result<(), Fault> {
    let now = tickets.clock.now();
    let (mut messages, mut asked) = (Vec::new(), Vec::new());
    for &Said { told, facts } in said {
        let filling = filling(tickets, &told.changed, (told.district_id, told.at), facts);
        let terms = tickets.terms.of(told.district_id);
        for wording in terms.wordings.of(&told.changed.transition) {
            let [theirs, text] = filling.heard(&wording.words);
            let behind = wording.tiers(facts.escalation_step).filter_map(behind);
            let behind = behind.filter(|audience| *audience != wording.audience);
            for audience in std::iter::once(wording.audience).chain(behind) {
                let to_reporters = audience.has_reporters();
                let concerned = concerned(tickets, told, facts, audience);
                // of the staff, who did it knows
                let people = concerned.people.into_iter().filter(|id| to_reporters || Some(*id) != told.actor());
                for person in people {
                    let is_theirs = to_reporters && person == reporter(told, facts);
                    let text = if is_theirs { &theirs } else { &text };
                    // all of it may be for the reporter alone
                    messages.extend((!text.is_empty()).then(|| message(told, person, text.clone(), now)));
                }
                let posts = concerned.posts.into_iter().filter(|_| !text.is_empty());
                asked.extend(posts.map(|holders| (holders, told, text.clone())));
            }
        }
    }
    let questions: Vec<Holders> = asked.iter().map(|(holders, ..)| holders.clone()).collect();
    if !questions.is_empty() {
        let today = tickets.clock.today();
        for (number, person) in store::notice::holders(&mut *connection, &questions, today).await? {
            let at = usize::try_from(number - 1).ok().and_then(|at| asked.get(at));
            let told = at.filter(|(_, told, _)| told.actor() != Some(person));
            messages.extend(told.map(|(_, told, text)| message(told, person, text.clone(), now)));
        }
    }
    // as it happened, whether it was for people or for posts
    messages.sort_by_key(|message| (message.at, message.sequence));
    Ok(store::inbox::insert(connection, &messages).await?)
}

/// When something that was said counts as read as soon as it comes, because it is old.
pub fn read_already(said_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (said_at < now - STALE).then_some(said_at)
}

fn message(told: &Told, person_id: Uuid, text: String, now: DateTime<Utc>) -> NewMessage {
    NewMessage {
        district_id: told.district_id,
        person_id,
        ticket_id: told.ticket_id,
        sequence: told.changed.sequence,
        number: told.changed.number.clone(),
        text,
        at: told.at,
        read_at: read_already(told.at, now),
    }
}
