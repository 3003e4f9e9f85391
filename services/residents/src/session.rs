//! Sessions: the refresh token that moves on with every use, and what a sign-in answers.
use chassis::token::{hash_secret, new_secret};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::person::Person;

/// How long an access token is good.
pub const ACCESS: TimeDelta = TimeDelta::minutes(15);
/// How long the refresh token before stays good, so that a lost answer signs nobody out.
pub const GRACE: TimeDelta = TimeDelta::seconds(60);
/// An unused session ends after this time.
pub const IDLE: TimeDelta = TimeDelta::days(60);

/// What signing in and refreshing answer.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub access_token: String,
    pub refresh_token: String,
    pub expires_at: DateTime<Utc>,
    pub person: Person,
}

/// `<session>.<family>.<secret>`: the family stays for the whole session, the secret changes with every refresh.
#[derive(Clone)]
pub struct RefreshToken {
    pub session_id: Uuid,
    family: String,
    secret: String,
}

impl RefreshToken {
    /// The first token of a new session.
    pub fn first() -> Self {
        Self { session_id: Uuid::now_v7(), family: new_secret(), secret: new_secret() }
    }

    /// Reads a token; none for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 300 {
            return None;
        }
        let mut parts = text.split('.');
        let (session_id, family, secret) =
            (parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?.to_owned());
        parts.next().is_none().then_some(Self { session_id, family, secret })
    }

    /// The token after this one. The same salt gives the same token, so a repeated refresh gets the answer that was lost;
    /// the salt alone gives nothing.
    pub fn next(&self, salt: &str) -> Self {
        let bytes = hash_secret(&format!("{salt}.{}", self.secret));
        let secret = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { session_id: self.session_id, family: self.family.clone(), secret }
    }

    /// What is stored of the part that stays.
    pub fn family_hash(&self) -> [u8; 32] {
        hash_secret(&self.family)
    }

    /// What is stored of the part that changes.
    pub fn hash(&self) -> [u8; 32] {
        hash_secret(&self.secret)
    }

    /// The text the client keeps.
    pub fn text(&self) -> String {
        format!("{}.{}.{}", self.session_id, self.family, self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_given() {
        let token = RefreshToken::first();
        let read = RefreshToken::parse(&token.text()).unwrap();
        assert_eq!(
            (read.session_id, read.hash(), read.family_hash()),
            (token.session_id, token.hash(), token.family_hash())
        );
        for text in ["", "x.y.z", &format!("{}.x", token.session_id), &format!("{}.z", token.text()), &"a".repeat(400)]
        {
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_same_salt_gives_the_same_next_token_and_another_salt_another() {
        let token = RefreshToken::first();
        assert_eq!(token.next("a").text(), token.next("a").text());
        assert_ne!(token.next("a").text(), token.next("b").text());
        assert_ne!(token.next("a").hash(), token.hash());
        assert_eq!(token.next("a").family_hash(), token.family_hash());
    }
}
