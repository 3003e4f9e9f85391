//! The gateway's own settings; `config/default.toml` says what each is for.
use serde::Deserialize;

/// Beside what every role is told.
#[derive(Clone, Debug, Deserialize)]
pub struct Own {
    /// Requests a minute from one address; 0: no limit.
    pub requests_per_minute: u32,
    /// How many proxies of ours stand in front; their X-Forwarded-For is believed.
    pub trusted_proxies: usize,
    /// Server-sent event streams that may be open at once.
    pub streams: usize,
    /// Of them, those of one person.
    pub streams_per_person: usize,
}
