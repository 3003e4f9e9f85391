//! Signatures of requests, answers and notices: SHA-256 with RSA, PKCS#1 v1.5, over lines of text.
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey},
};

use super::secrets::Secrets;

pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// A message signed longer ago, or later, than this is not taken.
const FRESH_SECONDS: i64 = 300;
/// How the signatures begin with which WeChat tries us.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// A request as it is signed.
pub struct Request<'a> {
    pub method: &'a str,
    /// With its query, without the host.
    pub path: &'a str,
    pub body: &'a str,
}

/// What stands beside an answer or a notice.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub signature: &'a str,
    pub serial: &'a str,
    pub scheme: &'a str,
}

/// Why a signature is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    #[error("the signature is a probe")]
    Probe,
    #[error("the time of the signature is missing or too far from now")]
    Stale,
    #[error("no public key of this serial")]
    UnknownSerial,
    #[error("the signature is not good")]
    Wrong,
}

/// The value of the Authorization header.
pub fn authorization(
    secrets: &Secrets,
    mch_id: &str,
    request: &Request<'_>,
    (now, nonce): (DateTime<Utc>, &str),
) -> Result<String, ring::error::Unspecified> {
    let Request { method, path, body } = request;
    let timestamp = now.timestamp();
    let lines = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n");
    let mut signature = vec![0; secrets.merchant.public().modulus_len()];
    secrets.merchant.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), lines.as_bytes(), &mut signature)?;
    let (signature, serial) = (STANDARD.encode(signature), &secrets.merchant_serial);
    Ok(format!(
        "{SCHEME} mchid=\"{mch_id}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\",signature=\"{signature}\""
    ))
}

/// Checks what WeChat signed, over the bytes as they came.
pub fn verify(secrets: &Secrets, signed: &Signed<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), Unsigned> {
    if signed.signature.starts_with(PROBE) {
        return Err(Unsigned::Probe);
    }
    let at: i64 = signed.timestamp.parse().map_err(|_| Unsigned::Stale)?;
    if now.timestamp().abs_diff(at) >= FRESH_SECONDS.unsigned_abs() {
        return Err(Unsigned::Stale);
    }
    let key = secrets.public_keys.get(signed.serial).ok_or(Unsigned::UnknownSerial)?;
    if !signed.scheme.is_empty() && signed.scheme != SCHEME {
        return Err(Unsigned::Wrong);
    }
    let signature = STANDARD.decode(signed.signature).map_err(|_| Unsigned::Wrong)?;
    let head = format!("{}\n{}\n", signed.timestamp, signed.nonce);
    let message = [head.as_bytes(), body, b"\n"].concat();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(&message, &signature).map_err(|_| Unsigned::Wrong)
}
