//! A person with what counts in one district.
use chassis::text::is_plain;
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

/// What a name must be, for a refusal.
pub const NAME: &str = "must have 1 to 40 characters, none of them a control character or one that turns the text";

/// A name of a person or place as it is kept: trimmed, 1 to 40 characters that show as what they are.
pub fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let good = (1..=40).contains(&text.chars().count()) && is_plain(text);
    good.then(|| text.to_owned())
}
