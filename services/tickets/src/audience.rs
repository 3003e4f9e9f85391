//! Who an audience is, for one change.
use proto::tickets::v1::{TicketChanged, ticket::State};
use uuid::Uuid;

use crate::{
    Tickets,
    followers::Told,
    store::notice::{Facts, Holders},
    wording::Audience,
};

/// People, and whoever holds these posts.
#[derive(Clone, Debug, Default)]
pub struct Concerned {
    pub people: Vec<Uuid>,
    pub posts: Vec<Holders>,
}

impl Concerned {
    fn person(id: Option<&String>) -> Self {
        Self { people: id.and_then(|id| id.parse().ok()).into_iter().collect(), ..Self::default() }
    }
}

/// Whose turn it is; None: nobody's.
pub fn holder(changed: &TicketChanged) -> Option<Audience> {
    match changed.held_by.split(':').next()? {
        "street" => Some(Audience::Street),
        "community" => Some(Audience::Community),
        "department" => Some(Audience::Department),
        "coordinator" => Some(Audience::Coordinators),
        "check" => Some(Audience::Checker),
        _ => None,
    }
}

/// Who has in their inbox what is said to a group of this tier, beside the audience itself.
pub fn behind(tier: &str) -> Option<Audience> {
    match tier {
        "SUBDISTRICT" => Some(Audience::Street),
        "DISTRICT" => Some(Audience::Coordinators),
        _ => None,
    }
}

pub fn concerned(tickets: &Tickets, told: &Told, facts: &Facts, audience: Audience) -> Concerned {
    let changed = &told.changed;
    let posts = |posts| Concerned { posts, ..Concerned::default() };
    let people = |people| Concerned { people, ..Concerned::default() };
    match audience {
        Audience::Street => street(tickets, told),
        Audience::Community => posts(vec![post(told, "community_worker", told.above(3), None)]),
        Audience::Department if changed.handler_id.is_some() => Concerned::person(changed.handler_id.as_ref()),
        Audience::Department => posts(handlers(told, told.department())),
        Audience::Assisting => posts(handlers(told, told.assisting())),
        Audience::Invited => posts(handlers(told, told.invited())),
        Audience::Coordinators => posts(vec![post(told, "coordinator", String::new(), None)]),
        Audience::Holder => holder(changed).map(|holder| concerned(tickets, told, facts, holder)).unwrap_or_default(),
        Audience::Heads => {
            let mut all = concerned(tickets, told, facts, Audience::Holder);
            all.posts.extend(heads(told));
            all
        }
        Audience::Leaders => {
            posts(["coordinator", "district_admin"].map(|role| post(told, role, String::new(), None)).into())
        }
        Audience::Reporter => people(vec![reporter(told, facts)]),
        // who has taken the reporter's place since had reported the same before
        Audience::Reporters => {
            people([vec![reporter(told, facts), facts.reporter_id], facts.co_reporter_ids.clone()].concat())
        }
        Audience::CoReporters => people(facts.co_reporter_ids.clone()),
        Audience::Checker => Concerned::person(changed.checker_id.as_ref()),
    }
}

/// Who the reporter was after the change; a reminder tells nobody, and it is who the ticket names now.
pub fn reporter(told: &Told, facts: &Facts) -> Uuid {
    told.reporter().unwrap_or(facts.reporter_id)
}

/// Who claimed it; else who is on duty for its street, else all its liaisons.
fn street(tickets: &Tickets, told: &Told) -> Concerned {
    if told.changed.to_state() == State::Claimed && told.changed.claimed_by.is_some() {
        return Concerned::person(told.changed.claimed_by.as_ref());
    }
    let street = told.street();
    let terms = tickets.terms.of(told.district_id);
    let people: Vec<Uuid> = terms.on_duty(&street, told.at).map(|duty| duty.person_id).collect();
    let posts = if people.is_empty() { vec![post(told, "liaison", street, None)] } else { Vec::new() };
    Concerned { people, posts }
}

fn heads(told: &Told) -> Vec<Holders> {
    let liaisons = |levels| post(told, "liaison", told.above(levels), None);
    match holder(&told.changed) {
        Some(Audience::Department) => handlers(told, told.department()),
        Some(Audience::Coordinators) => vec![post(told, "district_admin", String::new(), None)],
        Some(_) => vec![liaisons(2), liaisons(1), post(told, "coordinator", String::new(), None)],
        None => Vec::new(),
    }
}

fn handlers(told: &Told, departments: impl IntoIterator<Item = Uuid>) -> Vec<Holders> {
    let of = |department| post(told, "department_handler", String::new(), Some(department));
    departments.into_iter().map(of).collect()
}

fn post(told: &Told, role: &'static str, place_path: String, department_id: Option<Uuid>) -> Holders {
    Holders { district_id: told.district_id, role, place_path, department_id }
}
