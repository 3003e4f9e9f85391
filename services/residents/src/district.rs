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

/// The district of a new session: the one asked for if it is the person's, else the main one, else that of the newest post.
pub fn choose(asked: Option<Uuid>, main: Uuid, posts: &[HeldPost]) -> Result<Uuid, Error> {
    let theirs = |district: Uuid| posts.iter().any(|post| post.district_id == district);
    match asked {
        Some(asked) if theirs(asked) || (posts.is_empty() && asked == main) => Ok(asked),
        Some(_) => {
            let mut districts: Vec<String> = posts.iter().map(|post| post.district_id.to_string()).collect();
            districts.dedup();
            Err(Error::DistrictNotYours(if districts.is_empty() { main.to_string() } else { districts.join(", ") }))
        }
        None if theirs(main) => Ok(main),
        None => Ok(posts.first().map_or(main, |newest| newest.district_id)),
    }
}
