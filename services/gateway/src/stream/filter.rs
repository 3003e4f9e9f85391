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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chassis::token::ClaimedPost;
    use proto::api::v1::post::Level;

    use super::*;
    use crate::stream::item::At;

    fn claims(role: Role, path: &str) -> Claims {
        let post = ClaimedPost { r: role.into(), p: path.into(), l: Level::Subdistrict.into(), d: None };
        let (sub, did, sid) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        Claims { sub, did, sid, posts: vec![post], iat: 0, exp: 0 }
    }

    fn item(place_path: &str, from_state: &'static str, state: &'static str) -> Item {
        Item {
            at: At::default(),
            district: Uuid::from_u128(2),
            place_path: place_path.into(),
            from_state,
            state,
            departments: Vec::new(),
            people: Vec::new(),
            frame: Bytes::new(),
        }
    }

    #[test]
    fn a_stream_tells_what_comes_to_a_state_or_leaves_it_at_its_place() {
        let filter = Filter::new(&claims(Role::Liaison, "gn.xy"), "gn.xy.sh", "POOL,CLAIMED").ok().unwrap();
        assert!(
            filter.admits(&item("gn.xy.sh.03", "", "POOL"))
                && filter.admits(&item("gn.xy.sh", "CLAIMED", "DISPATCHED"))
        );
        assert!(!filter.admits(&item("gn.xy.sh", "DISPATCHED", "IN_PROGRESS")), "neither of them");
        assert!(!filter.admits(&item("gn.xy.shx", "", "POOL")), "a place that only begins alike");
        assert!(!filter.admits(&Item { district: Uuid::nil(), ..item("gn.xy.sh", "", "POOL") }), "another district");
    }

    #[test]
    fn everybody_follows_their_own_and_staff_what_their_posts_reach() {
        let all = |role, path| Filter::new(&claims(role, path), "", "").ok().unwrap();
        assert!(all(Role::Liaison, "gn.xy").admits(&item("gn.xy.sh", "", "POOL")));
        assert!(!all(Role::Liaison, "gn.xy").admits(&item("gn.hq.sh", "", "POOL")), "another street");
        let courier = all(Role::Courier, "gn");
        assert!(!courier.admits(&item("gn.xy.sh", "", "POOL")), "no staff");
        assert!(courier.admits(&Item { people: vec![Uuid::from_u128(1)], ..item("gn.xy.sh", "", "POOL") }));
    }
}
