//! The other side's signatures and seals.
use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};

use super::keys;

/// Seconds by which a request may be older or newer than now.
const FRESH: u64 = 300;

/// The merchant's signature over a request, or why it is not taken. A nonce is good once.
pub fn check_request(
    authorization: &str,
    (method, path, body): (&str, &str, &str),
    now: i64,
) -> Result<String, &'static str> {
    let fields = authorization.strip_prefix("WECHATPAY2-SHA256-RSA2048 ").ok_or("the scheme is not known")?;
    let fields: HashMap<&str, &str> = fields
        .split(',')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim_matches('"')))
        .collect();
    let field = |name| fields.get(name).copied().ok_or("a field is missing");
    let (nonce, timestamp) = (field("nonce_str")?, field("timestamp")?);
    if field("mchid")? != keys::MCH_ID || field("serial_no")? != keys::MERCHANT_SERIAL {
        return Err("no such merchant or certificate");
    }
    let at: i64 = timestamp.parse().map_err(|_| "the timestamp is no number")?;
    if now.abs_diff(at) >= FRESH {
        return Err("the timestamp is too far from now");
    }
    let signature = STANDARD.decode(field("signature")?).map_err(|_| "the signature is not base64")?;
    let message = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n");
    let key = keys::merchant_public().ok_or("no public key")?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(message.as_bytes(), &signature).map_err(|_| "the signature is wrong")?;
    Ok(nonce.to_owned())
}

/// A message as WeChat signs it, by header.
pub fn sign(body: &str, timestamp: i64) -> Vec<(&'static str, String)> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let message = format!("{timestamp}\n{nonce}\n{body}\n");
    let signature = keys::wechat().and_then(|key| {
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).ok()?;
        Some(STANDARD.encode(signature))
    });
    vec![
        ("wechatpay-timestamp", timestamp.to_string()),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature.unwrap_or_default()),
        ("wechatpay-serial", keys::WECHAT_SERIAL.to_owned()),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ]
}

/// A text sealed under the APIv3 key: nonce and ciphertext.
pub fn seal(plain: &str, associated_data: &str) -> Option<(String, String)> {
    let nonce: String = format!("{:032x}", rand::random::<u128>()).chars().take(12).collect();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, keys::API_V3_KEY.as_bytes()).ok()?);
    let mut sealed = plain.as_bytes().to_vec();
    let once = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
    key.seal_in_place_append_tag(once, Aad::from(associated_data.as_bytes()), &mut sealed).ok()?;
    Some((nonce, STANDARD.encode(sealed)))
}
