//! What would have left the building: kept in Redis for the sandbox page, newest first. Of messages with a code and of others
//! at most 500 each, so that a busy hour of notices hides no code.
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::{cache::Cache, faults::Fault};

const CODES: &str = "sandbox:codes";
const OTHERS: &str = "sandbox:messages";
const KEPT: isize = 500;

/// A message as the sandbox shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub at: String,
    /// "sms", "group" …
    pub channel: String,
    /// A phone number or a group's name.
    pub to: String,
    pub text: String,
    /// The one-time code in it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Message {
    /// A message of an instant.
    pub fn new(at: DateTime<Utc>, channel: &str, to: &str, text: &str, code: Option<&str>) -> Self {
        let (channel, to, text) = (channel.to_owned(), to.to_owned(), text.to_owned());
        let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        Self { at, channel, to, text, code: code.map(str::to_owned) }
    }
}

/// Keeps a message instead of sending it.
pub async fn push(
    cache: &Cache,
    channel: &str,
    to: &str,
    text: &str,
    code: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), Fault> {
    push_all(cache, &[Message::new(at, channel, to, text, code)]).await
}

/// Keeps messages, oldest first, in one round trip.
pub async fn push_all(cache: &Cache, messages: &[Message]) -> Result<(), Fault> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut all = redis::pipe();
    all.atomic();
    for message in messages {
        let key = if message.code.is_some() { CODES } else { OTHERS };
        all.lpush(key, serde_json::to_string(message).map_err(Fault::internal)?).ignore();
    }
    for key in [CODES, OTHERS] {
        all.ltrim(key, 0, KEPT - 1).ignore();
    }
    let () = all.query_async(&mut cache.connection()).await?;
    Ok(())
}

/// The messages kept, newest first.
pub async fn list(cache: &Cache) -> Result<Vec<Message>, Fault> {
    let mut connection = cache.connection();
    let mut both = redis::pipe();
    both.lrange(CODES, 0, -1).lrange(OTHERS, 0, -1);
    let (codes, others): (Vec<String>, Vec<String>) = both.query_async(&mut connection).await?;
    let mut messages: Vec<Message> =
        codes.iter().chain(&others).filter_map(|text| serde_json::from_str(text).ok()).collect();
    messages.sort_by(|one, other| other.at.cmp(&one.at));
    Ok(messages)
}
