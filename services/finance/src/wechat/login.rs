//! The code of `wx.login` for the openid it stands for.
use std::time::Duration;

use serde::Deserialize;

use super::{WeChat, WeChatSettings, told};

/// Less than the gateway waits: the answer to a code that is good once must not come when nobody listens any more.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why there is no openid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    #[error("WeChat does not know the code, or it has expired")]
    Unknown,
    #[error("the code was used before")]
    Used,
    #[error("WeChat blocks this account")]
    Blocked,
    #[error("WeChat does not answer: {0}")]
    Busy(&'static str),
    #[error("WeChat refuses with {0}")]
    Refused(i64),
}

/// The session key that comes along is not even read.
#[derive(Deserialize)]
struct Session {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    openid: String,
}

impl WeChat {
    /// The openid of whoever signed in; the code is good for 5 minutes and once.
    pub async fn openid(&self, js_code: &str) -> Result<String, LoginError> {
        let (settings, secrets) = (&self.shared.settings, &self.shared.secrets);
        let address = WeChatSettings::at(&settings.wechat_address, "/sns/jscode2session");
        let (app_id, secret) = (&settings.wechat_app_id, &secrets.app_secret);
        // every part is of letters that need no escape: the code is checked, the others are WeChat's own
        let query = format!("?appid={app_id}&secret={secret}&js_code={js_code}&grant_type=authorization_code");
        let answer = self.shared.client.get(address + &query).timeout(PATIENCE).send().await;
        let answer = answer.map_err(|error| LoginError::Busy(told(&error)))?;
        if !answer.status().is_success() {
            return Err(LoginError::Busy("it answered with an error"));
        }
        let bytes = answer.bytes().await.map_err(|error| LoginError::Busy(told(&error)))?;
        read(&bytes)
    }
}

fn read(bytes: &[u8]) -> Result<String, LoginError> {
    let session: Session = serde_json::from_slice(bytes).map_err(|_| LoginError::Busy("its answer cannot be read"))?;
    match session.errcode {
        0 if (1..=128).contains(&session.openid.len()) => Ok(session.openid),
        0 => Err(LoginError::Busy("its answer names nobody")),
        40029 => Err(LoginError::Unknown),
        40163 => Err(LoginError::Used),
        40226 => Err(LoginError::Blocked),
        -1 | 45011 => Err(LoginError::Busy("it is busy")),
        code => Err(LoginError::Refused(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_code_has_its_meaning() {
        assert_eq!(read(br#"{"openid":"o1","session_key":"k"}"#), Ok("o1".to_owned()));
        for (code, error) in [
            (40029, LoginError::Unknown),
            (40163, LoginError::Used),
            (40226, LoginError::Blocked),
            (-1, LoginError::Busy("it is busy")),
            (45011, LoginError::Busy("it is busy")),
            (40013, LoginError::Refused(40013)),
        ] {
            assert_eq!(read(format!(r#"{{"errcode":{code},"errmsg":"x"}}"#).as_bytes()), Err(error));
        }
        assert!(matches!(read(b"{}"), Err(LoginError::Busy(_))));
        assert!(matches!(read(b"<html>"), Err(LoginError::Busy(_))));
    }
}
