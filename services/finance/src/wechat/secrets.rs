//! What only we and WeChat know, from files. None of it is ever shown.
use std::{
    collections::HashMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use ring::signature::RsaKeyPair;

use super::pem;

/// Bits of the shortest RSA key that is taken.
const SHORTEST: usize = 256;

/// Why the secrets could not be had; names files, never what they hold.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    #[error("{path}: {source}", path = .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: {wrong}", path = .path.display())]
    Wrong { path: PathBuf, wrong: &'static str },
}

/// The merchant's key, the APIv3 key, the app's secret, and the public keys by which WeChat is known.
pub struct Secrets {
    pub(super) merchant: RsaKeyPair,
    pub(super) merchant_serial: String,
    pub(super) api_v3_key: [u8; 32],
    pub(super) app_secret: String,
    /// By the id or certificate serial that answers name; several are good at once while WeChat changes them.
    pub(super) public_keys: HashMap<String, Vec<u8>>,
}

impl Secrets {
    /// Of a folder: `merchant.pem` (PKCS#8), `merchant.serial`, `api_v3.key`, `app.secret`, and `public/<id>.pem` for each key of WeChat.
    pub fn load(folder: &Path) -> Result<Self, SecretsError> {
        let read = |name: &str| {
            let path = folder.join(name);
            let text = fs::read_to_string(&path).map_err(|source| SecretsError::Io { path: path.clone(), source })?;
            Ok::<_, SecretsError>((path, text.trim().to_owned()))
        };
        let (path, text) = read("merchant.pem")?;
        let wrong = "must be an RSA private key of 2048 bits or more in PKCS#8 (BEGIN PRIVATE KEY)";
        let pair = pem::decode(&text, "PRIVATE KEY").and_then(|der| RsaKeyPair::from_pkcs8(&der).ok());
        let pair = pair.filter(|pair| pair.public().modulus_len() >= SHORTEST);
        let merchant = pair.ok_or(SecretsError::Wrong { path, wrong })?;
        let (path, merchant_serial) = read("merchant.serial")?;
        let good = !merchant_serial.is_empty() && merchant_serial.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !good {
            return Err(SecretsError::Wrong { path, wrong: "must be the serial number of the merchant's certificate" });
        }
        let (path, key) = read("api_v3.key")?;
        let wrong = "must be the 32 characters of the APIv3 key";
        let api_v3_key = key.as_bytes().try_into().map_err(|_| SecretsError::Wrong { path, wrong })?;
        let (path, app_secret) = read("app.secret")?;
        if app_secret.is_empty() || !app_secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(SecretsError::Wrong { path, wrong: "must be the secret of the app: letters and digits" });
        }
        let public_keys = public_keys(&folder.join("public"))?;
        Ok(Self { merchant, merchant_serial, api_v3_key, app_secret, public_keys })
    }
}

fn public_keys(folder: &Path) -> Result<HashMap<String, Vec<u8>>, SecretsError> {
    let io = |source| SecretsError::Io { path: folder.to_owned(), source };
    let mut keys = HashMap::new();
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_none_or(|ending| ending != "pem") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|source| SecretsError::Io { path: path.clone(), source })?;
        let key = pem::decode(&text, "PUBLIC KEY").and_then(|der| pem::public_key(&der));
        let id = path.file_stem().and_then(|name| name.to_str()).map(ToOwned::to_owned);
        let (Some(id), Some(key)) = (id, key) else {
            return Err(SecretsError::Wrong { path, wrong: "must be an RSA public key (BEGIN PUBLIC KEY)" });
        };
        keys.insert(id, key);
    }
    if keys.is_empty() {
        let path = folder.to_owned();
        return Err(SecretsError::Wrong { path, wrong: "must hold a public key of WeChat, named <id>.pem" });
    }
    Ok(keys)
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ids: Vec<&String> = self.public_keys.keys().collect();
        ids.sort();
        f.debug_struct("Secrets")
            .field("merchant_serial", &self.merchant_serial)
            .field("public_keys", &ids)
            .finish_non_exhaustive()
    }
}
