//! WeChat Pay (API v3) and the mini-program's login, as this service needs them: merchant transfers.
//!
//! ```text
//! claim ── js_code ──▶ login ──▶ openid            payer ── signed request ──▶ bills ──▶ verified answer
//! gateway ── raw notice ──▶ notice: signature over the raw bytes, freshness, AES-256-GCM
//! ```
//! What an answer means for money is decided elsewhere (`transfer`, `ops`). Secrets stay in `secrets`; nothing here is `Display`ed with one.
mod bills;
mod envelope;
mod login;
mod notice;
mod pem;
mod secrets;
mod signature;

use std::{sync::Arc, time::Duration};

use chassis::{clock::Clock, config::Settings, faults::Fault};
use serde::Deserialize;

pub use self::{
    bills::{Answer, Bill, Failure},
    login::LoginError,
    notice::{Headers, NoticeError, Told},
    secrets::{Secrets, SecretsError},
    signature::Unsigned,
};

/// How long WeChat may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What the transfers are set to; `config/default.toml` says what each is for.
#[derive(Clone, Debug, Deserialize)]
pub struct WeChatSettings {
    pub wechat_pay_address: String,
    pub wechat_address: String,
    pub wechat_mch_id: String,
    pub wechat_app_id: String,
    pub wechat_transfer_scene_id: String,
    pub wechat_notify_url: String,
    pub wechat_perception: String,
    pub wechat_activity: String,
    pub wechat_award_note: String,
}

/// Reaches WeChat as one merchant. Clones share it.
#[derive(Clone, Debug)]
pub struct WeChat {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: WeChatSettings,
    secrets: Secrets,
    client: reqwest::Client,
    clock: Clock,
}

impl WeChat {
    /// The merchant that the settings name, with the secrets of `keys_dir`; none where no merchant is named.
    pub fn open(settings: WeChatSettings, common: &Settings, clock: Clock) -> Result<Option<Self>, Fault> {
        if settings.wechat_mch_id.is_empty() {
            return Ok(None);
        }
        let secrets = Secrets::load(&common.keys_dir.join("wechat")).map_err(Fault::internal)?;
        Self::new(settings, secrets, clock, PATIENCE).map(Some)
    }

    /// The same with given secrets, and patience with its answers.
    pub fn new(settings: WeChatSettings, secrets: Secrets, clock: Clock, patience: Duration) -> Result<Self, Fault> {
        settings.check()?;
        // refused where the process has chosen a provider already, which is as good
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(patience).redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(Fault::internal)?;
        Ok(Self { shared: Arc::new(Shared { settings, secrets, client, clock }) })
    }

    pub fn mch_id(&self) -> &str {
        &self.shared.settings.wechat_mch_id
    }

    pub fn app_id(&self) -> &str {
        &self.shared.settings.wechat_app_id
    }
}

impl WeChatSettings {
    /// What the interface would refuse in every transfer is refused at the start.
    fn check(&self) -> Result<(), Fault> {
        let texts = [
            ("wechat_app_id", &self.wechat_app_id, 1, 32),
            ("wechat_transfer_scene_id", &self.wechat_transfer_scene_id, 1, 36),
            ("wechat_activity", &self.wechat_activity, 1, 32),
            ("wechat_award_note", &self.wechat_award_note, 1, 32),
            ("wechat_perception", &self.wechat_perception, 0, 32),
            ("wechat_notify_url", &self.wechat_notify_url, 0, 256),
        ];
        for (name, text, least, most) in texts {
            if !(least..=most).contains(&text.chars().count()) {
                return Err(Fault::internal(format!("the setting {name} must have {least} to {most} characters")));
            }
        }
        Ok(())
    }

    /// Where an interface is, below an address.
    fn at(address: &str, path: &str) -> String {
        format!("{}{path}", address.trim_end_matches('/'))
    }
}

/// Why a call failed, without its address: that may hold a secret.
fn told(error: &reqwest::Error) -> &'static str {
    match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_connect() => "not reached",
        () => "the connection broke",
    }
}

#[cfg(test)]
mod tests;
