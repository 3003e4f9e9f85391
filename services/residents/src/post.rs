//! A post: a role at a place, from a day until a day.
use std::ops::RangeInclusive;

use chassis::token::ClaimedPost;
use chrono::{Datelike, NaiveDate};
use proto::api::v1::post::Role;
use uuid::Uuid;

use crate::place::LEVELS;

/// More posts do not fit into an access token.
const MOST_CLAIMED: usize = 60;

/// A post with the names of what it refers to.
#[derive(Clone, Debug)]
pub struct HeldPost {
    pub district_id: Uuid,
    /// None for what a person without any post counts as: a resident of the district without a household.
    pub post_id: Option<Uuid>,
    pub person_id: Uuid,
    pub role: String,
    pub place_id: Uuid,
    pub place_name: String,
    pub place_path: String,
    pub level: i16,
    pub department_id: Option<Uuid>,
    pub department_name: Option<String>,
    pub from_date: NaiveDate,
    pub until_date: Option<NaiveDate>,
}

impl HeldPost {
    /// The role's number on the wire.
    pub fn role(&self) -> Role {
        Role::from_str_name(&self.role).unwrap_or(Role::Unspecified)
    }
}

/// The posts as an access token carries them: newest first, none twice.
pub fn claimed(posts: &[HeldPost]) -> Vec<ClaimedPost> {
    let mut claimed: Vec<ClaimedPost> = Vec::new();
    for post in posts {
        let post = ClaimedPost {
            r: post.role() as i32,
            p: post.place_path.clone(),
            l: i32::from(post.level),
            d: post.department_id,
        };
        if !claimed.contains(&post) && claimed.len() < MOST_CLAIMED {
            claimed.push(post);
        }
    }
    claimed
}

/// Reads a role by its name on the wire.
pub fn role(name: &str) -> Option<Role> {
    Role::from_str_name(name).filter(|role| *role != Role::Unspecified)
}

/// Reads the first or last day of a post: a date of the years 2000 to 2199.
pub fn date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|date: &NaiveDate| (2000..=2199).contains(&date.year()))
}

/// The names of the levels at which a role can be held, on the wire and among people; none where the role fits this level.
pub fn misplaced(role: Role, level: i16) -> Option<(Vec<&'static str>, Vec<&'static str>)> {
    let levels = levels(role);
    let (from, to) = (usize::try_from(levels.start() - 1).ok()?, usize::try_from(*levels.end()).ok()?);
    (!levels.contains(&level)).then(|| LEVELS[from..to].iter().copied().unzip())
}

/// From the highest level, the district's 1, down.
fn levels(role: Role) -> RangeInclusive<i16> {
    match role {
        Role::DistrictAdmin | Role::Coordinator | Role::Auditor | Role::DepartmentHandler => 1..=1,
        Role::Liaison => 1..=2,
        Role::CommunityWorker | Role::Courier => 1..=3,
        Role::HomeObserver | Role::PropertyManager => 3..=4,
        Role::Resident | Role::Unspecified => 1..=7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_held_where_it_works() {
        let place = |role, level| misplaced(role, level).map(|(wire, _)| wire.join(" "));
        for (role, level) in [
            (Role::Liaison, 2),
            (Role::DistrictAdmin, 1),
            (Role::CommunityWorker, 3),
            (Role::HomeObserver, 4),
            (Role::Courier, 2),
            (Role::Resident, 7),
        ] {
            assert_eq!(place(role, level), None, "{role:?}");
        }
        assert_eq!(place(Role::DistrictAdmin, 2).as_deref(), Some("DISTRICT"));
        assert_eq!(place(Role::Liaison, 3).as_deref(), Some("DISTRICT SUBDISTRICT"));
        assert_eq!(place(Role::PropertyManager, 2).as_deref(), Some("COMMUNITY COMPOUND"));
        assert_eq!(misplaced(Role::Courier, 4).unwrap().1, ["区", "街道", "社区"]);
    }

    #[test]
    fn a_day_is_of_these_centuries() {
        for good in ["2000-01-01", "2026-11-23", "2199-12-31"] {
            assert!(date(good).is_some(), "{good}");
        }
        for wrong in ["", "1999-12-31", "2200-01-01", "-4713-01-01", "+262142-01-01", "23.11.2026"] {
            assert!(date(wrong).is_none(), "{wrong}");
        }
    }
}
