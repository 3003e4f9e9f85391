//! Settings of one role: the shipped defaults, then a file, then the environment.
use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

/// What every role is told. The role's own settings are read from the same merged table, see [`Loaded::role`].
#[derive(Clone, Debug, Deserialize)]
pub struct Settings {
    pub database_url: String,
    pub database_connections: u32,
    pub redis_url: String,
    pub keys_dir: PathBuf,
    pub media_url: String,
    pub otlp_endpoint: String,
    pub log: String,
    pub log_format: String,
    pub max_in_flight: usize,
    pub messages: String,
    pub listen: SocketAddr,
    pub ops_listen: SocketAddr,
}

impl Settings {
    /// True when outgoing messages stay inside and the sandbox pages exist. Only for a role that listens to this machine alone:
    /// the sandbox shows every code.
    pub fn sandbox(&self) -> bool {
        self.messages == "sandbox" && self.listen.ip().is_loopback()
    }
}

/// The merged settings of a role.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub settings: Settings,
    table: Table,
}

impl Loaded {
    /// The role's own settings.
    pub fn role<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        Ok(self.table.clone().try_into()?)
    }

    /// Where another role listens.
    pub fn peer(&self, name: &str) -> Result<String, ConfigError> {
        let key = format!("{name}_address");
        let address = self.table.get(&key).and_then(Value::as_str).ok_or(ConfigError::Missing(key))?;
        Ok(format!("http://{address}"))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the settings do not fit: {0}")]
    Invalid(#[from] toml::de::Error),
    #[error("the setting {0} is missing")]
    Missing(String),
    #[error("unknown setting {0}; config/default.toml lists all of them")]
    Unknown(String),
}

/// Merges the defaults, a file's text and the environment for a role.
pub fn load(
    defaults: &str,
    file: Option<&str>,
    role: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let defaults: Table = defaults.parse()?;
    let mut merged = section(&defaults, "common");
    merged.extend(section(&defaults, role));
    if let Some(text) = file {
        let given: Table = text.parse()?;
        for (key, value) in section(&given, "common").into_iter().chain(section(&given, role)) {
            set(&mut merged, &key, value)?;
        }
    }
    let everyone = "HEMEI_";
    let own = format!("HEMEI_{}_", role.to_uppercase());
    let environment: Vec<(String, String)> = environment.into_iter().collect();
    for prefix in [everyone, own.as_str()] {
        for (name, text) in environment.iter().filter_map(|(name, text)| Some((name.strip_prefix(prefix)?, text))) {
            let key = name.to_lowercase();
            if let Some(old) = merged.get(&key) {
                let value = like(old, text);
                merged.insert(key, value);
            }
        }
    }
    Ok(Loaded { settings: merged.clone().try_into()?, table: merged })
}

fn section(table: &Table, name: &str) -> Table {
    table.get(name).and_then(Value::as_table).cloned().unwrap_or_default()
}

fn set(merged: &mut Table, key: &str, value: Value) -> Result<(), ConfigError> {
    if !merged.contains_key(key) {
        return Err(ConfigError::Unknown(key.to_owned()));
    }
    merged.insert(key.to_owned(), value);
    Ok(())
}

/// Reads an environment variable as the type its default has.
fn like(old: &Value, text: &str) -> Value {
    let parsed = match old {
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: &str = include_str!("../../hemei/config/default.toml");

    #[test]
    fn every_role_has_complete_defaults() {
        let defaults: Table = DEFAULTS.parse().unwrap();
        for role in defaults.keys().filter(|name| *name != "common") {
            load(DEFAULTS, None, role, []).unwrap();
        }
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
        let role = DEFAULTS.lines().rev().find_map(|line| line.strip_prefix('[')).unwrap().trim_end_matches(']');
        let file = "[common]\nlog = \"debug\"\nmax_in_flight = 7\n";
        let loaded = load(DEFAULTS, Some(file), role, [("HEMEI_LOG".to_owned(), "trace".to_owned())]).unwrap();
        assert_eq!((loaded.settings.log.as_str(), loaded.settings.max_in_flight), ("trace", 7));
    }

    #[test]
    fn the_sandbox_exists_on_this_machine_only() {
        for (listen, expected) in [("127.0.0.1:8080", true), ("[::1]:8080", true), ("0.0.0.0:8080", false)] {
            let environment = [("HEMEI_MESSAGES", "sandbox"), ("HEMEI_LISTEN", listen)];
            let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(load(DEFAULTS, None, "gateway", environment).unwrap().settings.sandbox(), expected, "{listen}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = load(DEFAULTS, Some("[common]\nlogg = 1\n"), "gateway", []).unwrap_err();
        assert!(error.to_string().contains("logg"));
    }
}
