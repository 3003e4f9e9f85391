//! Column encryption: what is sealed for one column opens only there, and a blind index finds it without opening.
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use crate::{faults::Fault, keys::Keyring};

const HEAD: usize = 4 + NONCE_LEN;
const BLIND: usize = 16;

/// Why a sealed value did not open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the sealed value is too short")]
    Short,
    #[error("no vault key of version {0}")]
    UnknownKey(u32),
    #[error("the sealed value was changed or belongs to another column")]
    Tampered,
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        Self::internal(error)
    }
}

/// Seals and finds personal data. The context names the column, for example `"person.phone"`.
#[derive(Clone, Debug)]
pub struct Vault {
    data: Keyring,
    index: Keyring,
}

impl Vault {
    /// A vault over the keys for the data and the keys for the blind index.
    pub fn new(data: Keyring, index: Keyring) -> Self {
        Self { data, index }
    }

    /// Key version, random nonce and AES-256-GCM ciphertext, under the newest key.
    pub fn seal(&self, context: &str, plain: &str) -> Vec<u8> {
        let key = self.data.newest();
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut secret = plain.as_bytes().to_vec();
        let sealed = cipher(key.bytes()).and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            cipher.seal_in_place_append_tag(nonce, Aad::from(context), &mut secret)
        });
        #[expect(clippy::expect_used, reason = "only another key length or 64 GiB of text would be refused")]
        sealed.expect("AES-256-GCM takes 32-byte keys and any column");
        [&key.version().to_be_bytes()[..], &nonce, &secret].concat()
    }

    /// The text of a value that was sealed for this context, under whichever key.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<String, VaultError> {
        let (version, rest) = sealed.split_first_chunk::<4>().ok_or(VaultError::Short)?;
        let (nonce, secret) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Short)?;
        let version = u32::from_be_bytes(*version);
        let key = self.data.get(version).ok_or(VaultError::UnknownKey(version))?;
        let mut secret = secret.to_vec();
        let plain = cipher(key.bytes()).and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            cipher.open_in_place(nonce, Aad::from(context), &mut secret).map(|plain| plain.to_vec())
        });
        plain.ok().and_then(|plain| String::from_utf8(plain).ok()).ok_or(VaultError::Tampered)
    }

    /// Whether a sealed value should be sealed again because a newer key exists.
    pub fn is_outdated(&self, sealed: &[u8]) -> bool {
        !sealed.starts_with(&self.data.newest().version().to_be_bytes()) || sealed.len() < HEAD
    }

    /// What the index column holds: equal for equal texts of one context, telling nothing without the key.
    pub fn blind(&self, context: &str, plain: &str) -> Vec<u8> {
        blind(self.index.newest().bytes(), context, plain)
    }

    /// The blind values under every index key, newest first: `phone_blind = any($1)` finds rows from before a rotation.
    pub fn blinds(&self, context: &str, plain: &str) -> Vec<Vec<u8>> {
        self.index.all().iter().map(|key| blind(key.bytes(), context, plain)).collect()
    }
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, ring::error::Unspecified> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new)
}

fn blind(key: &[u8; 32], context: &str, plain: &str) -> Vec<u8> {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    // the length in front: ("a", "bc") and ("ab", "c") are different
    mac.update(&(context.len() as u64).to_be_bytes());
    mac.update(context.as_bytes());
    mac.update(plain.as_bytes());
    mac.sign().as_ref().iter().take(BLIND).copied().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::tests::Folder;

    fn vault() -> (Folder, Vault) {
        let folder = Folder::new();
        let vault = Vault::new(folder.keyring("vault"), folder.keyring("index"));
        (folder, vault)
    }

    #[test]
    fn whatever_was_sealed_opens_again() {
        let (_folder, vault) = vault();
        proptest!(|(context in "[a-z.]{0,20}", plain in any::<String>())| {
            prop_assert_eq!(vault.open(&context, &vault.seal(&context, &plain)).unwrap(), plain);
        });
    }

    #[test]
    fn no_changed_byte_opens() {
        let (_folder, vault) = vault();
        let sealed = vault.seal("person.phone", "13800000000");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open("person.phone", &changed).is_err(), "byte {at}");
            assert!(vault.open("person.phone", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_value_moved_to_another_column_does_not_open() {
        let (_folder, vault) = vault();
        let sealed = vault.seal("person.phone", "13800000000");
        assert_eq!(vault.open("person.id_number", &sealed), Err(VaultError::Tampered));
    }

    #[test]
    fn equal_texts_are_sealed_differently_but_found_alike() {
        let (_folder, vault) = vault();
        assert_ne!(vault.seal("phone", "1"), vault.seal("phone", "1"));
        assert_eq!(vault.blind("phone", "1"), vault.blind("phone", "1"));
        assert_eq!(vault.blind("phone", "1").len(), 16);
        assert_ne!(vault.blind("phone", "1"), vault.blind("phone", "2"));
        assert_ne!(vault.blind("ab", "c"), vault.blind("a", "bc"));
    }

    #[test]
    fn a_rotation_keeps_old_values_readable_and_findable() {
        let (folder, vault) = vault();
        let (sealed, blind) = (vault.seal("phone", "1"), vault.blind("phone", "1"));
        assert!(!vault.is_outdated(&sealed));
        for name in ["vault", "index"] {
            folder.rotate(name, 2);
        }
        vault.data.reload_if_changed();
        vault.index.reload_if_changed();
        assert_eq!(vault.open("phone", &sealed).unwrap(), "1");
        assert!(vault.is_outdated(&sealed) && !vault.is_outdated(&vault.seal("phone", "1")));
        assert_ne!(vault.blind("phone", "1"), blind);
        assert_eq!(vault.blinds("phone", "1"), [vault.blind("phone", "1"), blind]);
    }

    #[test]
    fn a_process_that_has_not_seen_a_rotation_opens_what_another_sealed() {
        let (folder, late) = vault();
        folder.rotate("vault", 2);
        let early = Vault::new(folder.keyring("vault"), folder.keyring("index"));
        assert_eq!(late.open("phone", &early.seal("phone", "1")).unwrap(), "1");
    }

    #[test]
    fn an_unknown_key_is_named() {
        let (_folder, vault) = vault();
        let mut sealed = vault.seal("phone", "1");
        sealed[3] = 9;
        assert_eq!(vault.open("phone", &sealed), Err(VaultError::UnknownKey(9)));
    }
}
