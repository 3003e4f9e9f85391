//! The two sides' keys in the sandbox: public, and of no value.
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

/// What the merchant's side keeps in its folder of secrets, by the name of the file.
pub fn merchant_files() -> [(String, &'static str); 5] {
    [
        ("merchant.pem".to_owned(), MERCHANT),
        ("merchant.serial".to_owned(), MERCHANT_SERIAL),
        ("api_v3.key".to_owned(), API_V3_KEY),
        ("app.secret".to_owned(), APP_SECRET),
        (format!("public/{WECHAT_SERIAL}.pem"), WECHAT_PUBLIC),
    ]
}

/// The key WeChat signs with.
pub fn wechat() -> Option<RsaKeyPair> {
    RsaKeyPair::from_pkcs8(&der(WECHAT)?).ok()
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
