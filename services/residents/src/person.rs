//! A person with what counts in one district.
use uuid::Uuid;

use crate::post::HeldPost;

/// A person as the caller sees it.
#[derive(Clone, Debug)]
pub struct Person {
    pub person_id: Uuid,
    pub name: String,
    /// Masked.
    pub phone: String,
    pub district_id: Uuid,
    pub district_name: String,
    pub posts: Vec<HeldPost>,
}

/// A name of a person or place as it is kept: trimmed, 1 to 40 characters, none of them a control character.
pub fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let good = (1..=40).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned())
}
