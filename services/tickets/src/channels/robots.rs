//! Calls a robot. The address holds the secret: nothing that may name it leaves this file.
use std::time::Duration;

use chassis::faults::Fault;
use serde::Deserialize;
use serde_json::json;

use super::message::Message;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// Not taken: too many, or another reason that may pass.
    Later(i32),
    /// The message itself is refused, for good.
    Never(i32),
    /// No answer: it may have been sent.
    Unsure(String),
}

/// Reaches robots.
#[derive(Clone)]
pub struct Robots {
    address: String,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Answer {
    errcode: i32,
}

impl Robots {
    /// Robots at an address.
    pub fn new(address: &str) -> Result<Self, Fault> {
        // refused where the process has chosen a provider already, which is as good
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(Fault::internal)?;
        Ok(Self { address: address.trim_end_matches('/').to_owned(), client })
    }

    /// Sends a message to a robot's group.
    pub async fn send(&self, key: &str, message: &Message, mentioned: &[String]) -> Outcome {
        let body = if message.urgent {
            let everybody = ["@all".to_owned()];
            let mentioned = if mentioned.is_empty() { &everybody } else { mentioned };
            json!({"msgtype": "text", "text": {"content": message.content, "mentioned_mobile_list": mentioned}})
        } else {
            json!({"msgtype": "markdown", "markdown": {"content": message.content}})
        };
        let address = format!("{}/cgi-bin/webhook/send?key={key}", self.address);
        let request = self.client.post(address).header("content-type", "application/json").body(body.to_string());
        let unsure = |error: reqwest::Error| Outcome::Unsure(told(&error));
        match request.send().await {
            Ok(answer) if answer.status().is_server_error() => Outcome::Unsure(answer.status().to_string()),
            Ok(answer) => match answer.bytes().await {
                Ok(body) => read(&body),
                Err(error) => unsure(error),
            },
            Err(error) => unsure(error),
        }
    }
}

fn read(body: &[u8]) -> Outcome {
    match serde_json::from_slice::<Answer>(body).map(|answer| answer.errcode) {
        Ok(0) => Outcome::Sent,
        // too long, empty, a parameter: the same message will never be taken
        Ok(code @ (45002 | 44004 | 40058)) => Outcome::Never(code),
        Ok(code) => Outcome::Later(code),
        Err(_) => Outcome::Unsure("not an answer of a robot".into()),
    }
}

/// Why a call failed, without its address.
fn told(error: &reqwest::Error) -> String {
    match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_connect() => "not reached",
        () => "the connection broke",
    }
    .to_owned()
}
