//! A post: a role at a place, from a day until a day.
use chassis::token::ClaimedPost;
use chrono::NaiveDate;
use proto::api::v1::post::Role;
use uuid::Uuid;

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
