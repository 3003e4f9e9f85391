//! Photo ids that prove who uploaded, and short-lived signed addresses for image elements, both without a look-up.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::{digest, hmac};
use uuid::Uuid;

use crate::{
    keys::{Key, Keyring},
    token::constant_time_eq,
};

const HOUR: i64 = 3600;

/// Mints and checks photo ids, signs and checks addresses.
///
/// An id is a UUID of version 8: 48 bits unix milliseconds, 12 random bits, 2 bits of the key's version, and 60 bits of
/// an HMAC-SHA256 over district, person, time and random bits.
#[derive(Clone, Debug)]
pub struct MediaIds {
    keyring: Keyring,
}

impl MediaIds {
    /// Ids and addresses under the keys of one ring.
    pub fn new(keyring: Keyring) -> Self {
        Self { keyring }
    }

    /// An id for a photo that this person of this district uploads now.
    pub fn mint(&self, district: Uuid, person: Uuid, now: DateTime<Utc>) -> Uuid {
        let mut head = [0; 8];
        head[..6].copy_from_slice(&now.timestamp_millis().to_be_bytes()[2..]);
        head[6..].copy_from_slice(&(0x8000 | rand::random::<u16>() >> 4).to_be_bytes());
        Uuid::from_bytes(complete(&self.keyring.newest(), head, district, person))
    }

    /// A key for another purpose, made of the newest key.
    pub fn derived_key(&self, purpose: &str) -> hmac::Key {
        let newest = hmac::Key::new(hmac::HMAC_SHA256, self.keyring.newest().bytes());
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&newest, purpose.as_bytes()).as_ref())
    }

    /// Whether this id was minted for this person of this district, in constant time for every key.
    pub fn minted_for(&self, id: Uuid, district: Uuid, person: Uuid) -> bool {
        let mut head = [0; 8];
        head.copy_from_slice(&id.as_bytes()[..8]);
        let minted = |key: &Key| constant_time_eq(&complete(key, head, district, person), id.as_bytes());
        head[6] >> 4 == 8 && self.with_reload(|keys| keys.iter().filter(|key| minted(key)).count() > 0)
    }

    /// Where the photo can be read for the next 60 to 120 minutes; the same within an hour, so that it can be cached.
    pub fn address(&self, id: Uuid, now: DateTime<Utc>) -> String {
        let until = ((now.timestamp() + HOUR - 1).div_euclid(HOUR) + 1) * HOUR;
        let signature = URL_SAFE_NO_PAD.encode(sign(&self.keyring.newest(), id, until));
        format!("/v1/media/{id}?until={until}&signature={signature}")
    }

    /// Whether an address was signed here and its time is not over.
    pub fn check(&self, id: Uuid, until: i64, signature: &str, now: DateTime<Utc>) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let signed = |key: &Key| constant_time_eq(sign(key, id, until).as_ref(), &signature);
        now.timestamp() < until && self.with_reload(|keys| keys.iter().any(signed))
    }

    /// Asks once more with the keys of the file before it says no: another process may sign with a key that is new.
    fn with_reload(&self, agree: impl Fn(&[Key]) -> bool) -> bool {
        let keys = self.keyring.all();
        if agree(&keys) {
            return true;
        }
        self.keyring.reload_if_changed();
        let fresh = self.keyring.all();
        fresh.first() != keys.first() && agree(&fresh)
    }
}

/// Where the photo lies in the object store, spread over 256 folders.
pub fn object_key(id: Uuid) -> String {
    let hash = digest::digest(&digest::SHA256, id.as_bytes());
    format!("media/{:02x}/{id}", hash.as_ref().first().copied().unwrap_or_default())
}

/// The id that begins with these 8 bytes: behind them the variant, 2 bits of the key's version, 60 bits of the HMAC.
fn complete(key: &Key, head: [u8; 8], district: Uuid, person: Uuid) -> [u8; 16] {
    let mut mac = context(key, b"media-id");
    for part in [&head[..], district.as_bytes(), person.as_bytes()] {
        mac.update(part);
    }
    let mut id = [0; 16];
    id[..8].copy_from_slice(&head);
    id[8..].copy_from_slice(&mac.sign().as_ref()[..8]);
    let version = (key.version() % 4) as u8;
    id[8] = 0x80 | version << 4 | id[8] & 0x0f;
    id
}

fn sign(key: &Key, id: Uuid, until: i64) -> hmac::Tag {
    let mut mac = context(key, b"media-address");
    mac.update(id.as_bytes());
    mac.update(&until.to_be_bytes());
    mac.sign()
}

/// An HMAC that serves one purpose only.
fn context(key: &Key, purpose: &[u8]) -> hmac::Context {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()));
    mac.update(purpose);
    mac.update(&[0]);
    mac
}

#[cfg(test)]
mod tests;
