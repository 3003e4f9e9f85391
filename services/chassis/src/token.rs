//! Access tokens: compact JWS signed with Ed25519; and the opaque secrets kept only as hashes.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::{
    digest,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::{Key, Keyring};

/// Longer tokens are refused unread.
const LONGEST: usize = 8 * 1024;
/// How far the clocks of two machines may be apart.
const LEEWAY_SECONDS: i64 = 5;

/// What a token says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The person.
    pub sub: Uuid,
    /// The district of the session.
    pub did: Uuid,
    /// The session.
    pub sid: Uuid,
    pub posts: Vec<ClaimedPost>,
    /// Signed at, in unix seconds.
    pub iat: i64,
    /// Good until, in unix seconds.
    pub exp: i64,
}

impl Claims {
    /// Whether the token's time is over, allowing 5 seconds between clocks.
    pub fn expired(&self, now: DateTime<Utc>) -> bool {
        now.timestamp() >= self.exp.saturating_add(LEEWAY_SECONDS)
    }
}

/// A post as tokens carry it: short names, because every request brings them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedPost {
    /// The number of the role.
    pub r: i32,
    /// The path of the place.
    pub p: String,
    /// The level of the place.
    pub l: i32,
    /// The department, where the role has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d: Option<Uuid>,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("longer than 8 KiB")]
    Long,
    #[error("not three parts of base64url without padding")]
    Malformed,
    #[error("the header is not that of an EdDSA token of ours")]
    Header,
    #[error("signed with an unknown key")]
    UnknownKey,
    #[error("wrong signature")]
    Signature,
    #[error("the claims are not readable")]
    Claims,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// Signs tokens with the newest key of a ring.
#[derive(Clone, Debug)]
pub struct Signer {
    keyring: Keyring,
}

impl Signer {
    /// A signer whose keys are Ed25519 seeds; a key's version is its key id.
    pub fn new(keyring: Keyring) -> Self {
        Self { keyring }
    }

    /// The token that carries these claims.
    pub fn sign(&self, claims: &Claims) -> String {
        let key = self.keyring.newest();
        let kid = key.version().to_string();
        let mut token = json64(&Header { alg: "EdDSA", typ: "JWT", kid: &kid });
        token.push('.');
        token.push_str(&json64(claims));
        let signature = URL_SAFE_NO_PAD.encode(pair(&key).sign(token.as_bytes()));
        token.push('.');
        token.push_str(&signature);
        token
    }

    /// Key ids with their public keys, newest first, as verifiers need them; old ones stay until they leave the file.
    pub fn public_keys(&self) -> Vec<(String, [u8; 32])> {
        self.keyring.reload_if_changed();
        let public = |key: Key| Some((key.version().to_string(), pair(&key).public_key().as_ref().try_into().ok()?));
        self.keyring.all().into_iter().filter_map(public).collect()
    }
}

#[expect(clippy::expect_used, reason = "any 32 bytes are a seed")]
fn pair(key: &Key) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(key.bytes()).expect("32 bytes are an Ed25519 seed")
}

#[expect(clippy::expect_used, reason = "text, numbers and ids always have a JSON form")]
fn json64(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).expect("plain data has a JSON form"))
}

/// The claims of a token signed with the key that its key id names. Expiry is left to the caller: [`Claims::expired`].
pub fn verify(token: &str, key_of: impl Fn(&str) -> Option<[u8; 32]>) -> Result<Claims, TokenError> {
    let parts = Parts::of(token)?;
    let key = key_of(&parts.kid()?).ok_or(TokenError::UnknownKey)?;
    let signature = decode(parts.signature)?;
    let checked = UnparsedPublicKey::new(&ED25519, key).verify(parts.signed.as_bytes(), &signature);
    checked.map_err(|_| TokenError::Signature)?;
    serde_json::from_slice(&decode(parts.claims)?).map_err(|_| TokenError::Claims)
}

/// The key id a token names, not yet believed.
pub fn kid_of(token: &str) -> Result<String, TokenError> {
    Parts::of(token)?.kid()
}

struct Parts<'a> {
    signed: &'a str,
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Long);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        Ok(Self { signed, header, claims, signature })
    }

    fn kid(&self) -> Result<String, TokenError> {
        let header = decode(self.header)?;
        let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| TokenError::Header)?;
        let ours = header.alg == "EdDSA" && header.typ == "JWT" && !header.kid.is_empty();
        if ours { Ok(header.kid.to_owned()) } else { Err(TokenError::Header) }
    }
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}

/// A new opaque secret of 256 random bits, as base64url.
pub fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a secret of full strength: its SHA-256.
pub fn hash_secret(secret: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    hash
}

/// Whether two secrets are equal, in a time that depends on their length only.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |all, (left, right)| std::hint::black_box(all | (left ^ right)));
    left.len() == right.len() && differences == 0
}

#[cfg(test)]
mod tests;
