//! What a notice carries: AES-256-GCM under the APIv3 key.
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::Deserialize;

pub const ALGORITHM: &str = "AEAD_AES_256_GCM";

#[derive(Deserialize)]
pub struct Resource {
    pub algorithm: String,
    pub ciphertext: String,
    #[serde(default)]
    pub associated_data: String,
    pub nonce: String,
}

/// What was sealed; none where it was not sealed so, or with another key.
pub fn open(key: &[u8; 32], resource: &Resource) -> Option<Vec<u8>> {
    if resource.algorithm != ALGORITHM {
        return None;
    }
    let mut sealed = STANDARD.decode(&resource.ciphertext).ok()?;
    let nonce = Nonce::try_assume_unique_for_key(resource.nonce.as_bytes()).ok()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let plain = key.open_in_place(nonce, Aad::from(resource.associated_data.as_bytes()), &mut sealed).ok()?;
    Some(plain.to_vec())
}
