//! What parties and councils say sets this.
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::deed::Wish;
use crate::{
    machine::State,
    ticket::{Invited, Resolution, Ticket, written},
};

/// Who is asked again is asked by the last words.
pub fn invite(after: &mut Ticket, departments: &[Uuid], (text, until): (&str, Option<DateTime<Utc>>), wish: &Wish) {
    let mut invited = after.invited();
    invited.retain(|known| !departments.contains(&known.department_id));
    invited.extend(departments.iter().map(|department| Invited {
        department_id: *department,
        at: wish.at,
        text: text.to_owned(),
        until,
        stated_at: None,
    }));
    after.invited = written(&invited);
}

/// Whether a department of this person is asked and has not stated its view yet.
pub fn owes_a_view(ticket: &Ticket, wish: &Wish) -> bool {
    ticket.invited().iter().any(|invited| invited.stated_at.is_none() && wish.is_of(&invited.department_id))
}

/// The departments of who states a view have stated theirs.
pub fn state_view(after: &mut Ticket, wish: &Wish) {
    let mut invited = after.invited();
    for ours in invited.iter_mut().filter(|invited| wish.is_of(&invited.department_id)) {
        ours.stated_at = ours.stated_at.or(Some(wish.at));
    }
    after.invited = written(&invited);
}

pub fn finish_part(after: &mut Ticket, text: &str, wish: &Wish) {
    let mut legs = after.legs();
    for leg in legs.iter_mut().filter(|leg| !leg.lead && leg.state == "OPEN" && wish.is_of(&leg.department_id)) {
        (leg.state, leg.done_at, leg.text) = ("DONE".into(), Some(wish.at), text.to_owned());
    }
    after.legs = written(&legs);
    after.assisting.retain(|department| !wish.is_of(department));
}

/// Put off again, it is for the council's reason.
pub fn resolve(after: &mut Ticket, before: &Ticket, resolution: &Resolution) {
    if before.state() == State::Coordination && after.state() == State::ClosedNofix {
        after.nofix_reason.clone_from(&resolution.text);
    }
    after.review_at = resolution.review_at.or(after.review_at);
    after.council_resolution = Some(written(resolution));
}
