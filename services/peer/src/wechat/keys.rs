//! The two sides' keys in the sandbox: public, and of no value.
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::RsaKeyPair;

pub const MCH_ID: &str = "1900000001";
pub const APP_ID: &str = "wxsandbox000000001";
pub const API_V3_KEY: &str = "sandbox0api0v3key0of0no0value000";
pub const APP_SECRET: &str = "sandbox0app0secret0of0no0value00";
pub const MERCHANT_SERIAL: &str = "5A4E44424F584D45524348414E54000000000001";
pub const WECHAT_SERIAL: &str = "PUB_KEY_ID_0119000000012026110100000000000001";

const MERCHANT: &str = include_str!("../../keys/merchant.pem");
const MERCHANT_PUBLIC: &str = include_str!("../../keys/merchant_public.pem");
const WECHAT: &str = include_str!("../../keys/wechat.pem");
const WECHAT_PUBLIC: &str = include_str!("../../keys/wechat_public.pem");

/// Lays the merchant's secrets into its folder; never over those of a real merchant.
pub fn lay(folder: &Path) -> io::Result<()> {
    let serial = fs::read_to_string(folder.join("merchant.serial")).unwrap_or_default();
    if !serial.is_empty() && serial.trim() != MERCHANT_SERIAL {
        let place = folder.display();
        return Err(io::Error::other(format!("{place} holds a real merchant's keys; the sandbox writes over none")));
    }
    let public = format!("public/{WECHAT_SERIAL}.pem");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder.join("public"))?;
    for (name, text) in [
        ("merchant.pem", MERCHANT),
        ("merchant.serial", MERCHANT_SERIAL),
        ("api_v3.key", API_V3_KEY),
        ("app.secret", APP_SECRET),
        (public.as_str(), WECHAT_PUBLIC),
    ] {
        let mut file = fs::OpenOptions::new();
        file.write(true).create(true).truncate(true).mode(0o600).open(folder.join(name))?.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The key WeChat signs with.
pub fn wechat() -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(&der(WECHAT)?).ok()
}

/// The key the merchant signs with.
#[cfg(test)]
pub fn merchant() -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(&der(MERCHANT)?).ok()
}

/// The merchant's public key, as ring takes it.
pub fn merchant_public() -> Option<Vec<u8>> {
    // the header of a SubjectPublicKeyInfo of 2048 bits always has this length
    const HEADER: usize = 24;
    der(MERCHANT_PUBLIC)?.get(HEADER..).map(<[u8]>::to_vec)
}

fn der(pem: &str) -> Option<Vec<u8>> {
    STANDARD.decode(pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>()).ok()
}
