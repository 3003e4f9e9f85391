//! A district, and which of them a session is in.
use uuid::Uuid;

use crate::{error::Error, post::HeldPost};

/// A tenant.
#[derive(Clone, Debug)]
pub struct District {
    pub district_id: Uuid,
    pub code: String,
    pub name: String,
    pub root_place_id: Uuid,
}

/// Whether a person may be in a district: in the main one always, in another while they hold a post there.
pub fn is_theirs(district: Uuid, main: Uuid, posts: &[HeldPost]) -> bool {
    district == main || posts.iter().any(|post| post.district_id == district)
}

/// The district of a new session: the one asked for if it is the person's; else the main one if it knows the person already
/// or they hold no post, else that of the newest post.
pub fn choose(asked: Option<Uuid>, main: Uuid, main_knows: bool, posts: &[HeldPost]) -> Result<Uuid, Error> {
    match asked {
        Some(asked) if is_theirs(asked, main, posts) => Ok(asked),
        Some(_) => {
            let mut theirs = vec![main.to_string()];
            for district in posts.iter().map(|post| post.district_id.to_string()) {
                if !theirs.contains(&district) {
                    theirs.push(district);
                }
            }
            Err(Error::DistrictNotYours(theirs.join(", ")))
        }
        None if main_knows => Ok(main),
        None => Ok(posts.first().map_or(main, |newest| newest.district_id)),
    }
}
