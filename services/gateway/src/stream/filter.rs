//! Which changes one stream tells of.
use chassis::{access::holds, token::Claims};
use http::StatusCode;
use proto::{api::v1::post::Role, tickets::v1::ticket::State};
use uuid::Uuid;

use super::item::Item;
use crate::problem::Problem;

/// What the caller may follow, narrowed to what they asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    district: Uuid,
    person: Uuid,
    places: Vec<String>,
    departments: Vec<Uuid>,
    /// Empty: everywhere within reach.
    place_path: String,
    /// Empty: all.
    states: Vec<String>,
}

impl Filter {
    /// The staff's places and departments, and everybody's own reports.
    pub fn new(claims: &Claims, place_path: &str, states: &str) -> Result<Self, Problem> {
        let (mut places, mut departments) = (Vec::new(), Vec::new());
        for post in &claims.posts {
            match Role::try_from(post.r) {
                Ok(Role::DepartmentHandler) => departments.extend(post.d),
                Ok(Role::Courier | Role::Resident | Role::Unspecified) | Err(_) => {}
                Ok(_) => places.push(post.p.clone()),
            }
        }
        let staff = !places.is_empty() || !departments.is_empty();
        let within = |place: &String| holds(place, place_path) || holds(place_path, place);
        if !place_path.is_empty() && staff && departments.is_empty() && !places.iter().any(within) {
            let detail = "place_path lies outside the places of the caller's posts";
            return Err(Problem::new(StatusCode::FORBIDDEN, "PLACE_NOT_ALLOWED", detail));
        }
        let states: Vec<String> = states.split(',').filter(|state| !state.is_empty()).map(str::to_owned).collect();
        if states.iter().any(|state| State::from_str_name(state).is_none_or(|known| known == State::Unspecified)) {
            let wrong = "must be states of a ticket with commas between: POOL,COORDINATION".to_owned();
            return Err(Problem::fields("FIELD_INVALID", vec![("state".to_owned(), wrong)]));
        }
        let (district, person, place_path) = (claims.did, claims.sub, place_path.to_owned());
        Ok(Self { district, person, places, departments, place_path, states })
    }

    /// Whether the stream tells of it: what comes to a state, and what leaves it.
    pub fn admits(&self, item: &Item) -> bool {
        item.district == self.district
            && (item.people.contains(&self.person)
                || item.departments.iter().any(|department| self.departments.contains(department))
                || self.places.iter().any(|place| holds(place, &item.place_path)))
            && (self.place_path.is_empty() || holds(&self.place_path, &item.place_path))
            && (self.states.is_empty()
                || self.states.iter().any(|state| *state == item.state || *state == item.from_state))
    }
}
