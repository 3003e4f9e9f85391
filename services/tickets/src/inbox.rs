//! What was said to each person about the tickets that concern them: always in their inbox, exactly once. What is about no ticket:
//! see `rewards`.
use chassis::faults::Fault;
use chrono::{DateTime, TimeDelta, Utc};
use proto::tickets::v1::ticket::State;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Tickets,
    followers::{Said, Told},
    notices::{filling, for_others},
    store::{
        self,
        inbox::NewMessage,
        notice::{Facts, Holders},
    },
    wording::Audience,
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
            let text = filling.fill(&wording.words);
            match concerned(tickets, told, facts, wording.audience) {
                Concerned::People(people) => {
                    let others = if wording.audience == Audience::Reporters { for_others(&text) } else { text.clone() };
                    let mut people = people.into_iter();
                    messages.extend(people.next().map(|person| message(told, person, text, now)));
                    messages.extend(people.map(|person| message(told, person, others.clone(), now)));
                }
                Concerned::Posts(holders) => asked.push((holders, told, text)),
            }
        }
    }
    let questions: Vec<Holders> = asked.iter().map(|(holders, ..)| holders.clone()).collect();
    if !questions.is_empty() {
        let today = tickets.clock.today();
        for (number, person) in store::notice::holders(&mut *connection, &questions, today).await? {
            let at = usize::try_from(number - 1).ok().and_then(|at| asked.get(at));
            messages.extend(at.map(|(_, told, text)| message(told, person, text.clone(), now)));
        }
    }
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

enum Concerned {
    People(Vec<Uuid>),
    Posts(Holders),
}

/// Who an audience is, for one change.
fn concerned(tickets: &Tickets, told: &Told, facts: &Facts, audience: Audience) -> Concerned {
    let (changed, district_id) = (&told.changed, told.district_id);
    let person = |id: &Option<String>| id.as_deref().and_then(|id| id.parse::<Uuid>().ok());
    let posts = |role, place_path: String, department_id| {
        Concerned::Posts(Holders { district_id, role, place_path, department_id })
    };
    match audience {
        Audience::Street => {
            let street = told.street();
            let claimer = person(&changed.claimed_by).filter(|_| changed.to_state() == State::Claimed);
            let terms = tickets.terms.of(district_id);
            let on_duty: Vec<Uuid> = terms.on_duty(&street, told.at).map(|duty| duty.person_id).collect();
            match claimer {
                Some(claimer) => Concerned::People(vec![claimer]),
                None if !on_duty.is_empty() => Concerned::People(on_duty),
                None => posts("liaison", street, None),
            }
        }
        Audience::Community => {
            let community = changed.place_path.split('.').take(3).collect::<Vec<_>>().join(".");
            posts("community_worker", community, None)
        }
        Audience::Department => match person(&changed.handler_id) {
            Some(handler) => Concerned::People(vec![handler]),
            None if told.department().is_none() => Concerned::People(Vec::new()),
            None => posts("department_handler", String::new(), told.department()),
        },
        Audience::Coordinators => posts("coordinator", String::new(), None),
        Audience::Reporter => Concerned::People(vec![facts.reporter_id]),
        Audience::Reporters => Concerned::People([vec![facts.reporter_id], facts.co_reporter_ids.clone()].concat()),
        Audience::Checker => Concerned::People(person(&changed.checker_id).into_iter().collect()),
    }
}
