//! What every client must do: try again, with the same id, until there is an answer.
use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::client::{Answer, Client};

/// What comes back is not met by everybody at once and again and again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Posts until the answer is neither a lost connection nor a 429 or 5xx; at most `limit`.
pub async fn post(client: &Client, path: &str, body: &Value, limit: Duration) -> Result<Answer> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(30);
    loop {
        let answer = client.post(path, body).await;
        match &answer {
            Ok(answer) if !answer.status.is_server_error() && answer.status.as_u16() != 429 => {
                return Ok(answer.clone());
            }
            _ if begun.elapsed() > limit => {
                let last = answer.map(|answer| String::from_utf8_lossy(&answer.bytes).into_owned());
                bail!("{path} did not succeed in {limit:?}: {last:?}");
            }
            _ => {
                tokio::time::sleep(pause).await;
                pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Asks until the check is content; at most `limit`.
pub async fn until<T>(what: &str, limit: Duration, mut check: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    let mut last = None;
    while begun.elapsed() < limit {
        match check().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    last.map_or_else(|| bail!("not within {limit:?}: {what}"), |error| Err(error).with_context(|| what.to_owned()))
}

/// What stands still for so long is stuck.
const STILL: Duration = Duration::from_secs(20);

/// Looks until it says that it is done, for as long as what it sees still changes: a slow machine is no fault.
pub async fn while_moving<T: PartialEq + Debug>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<(T, bool)>,
) -> Result<()> {
    let (mut seen, mut moved) = (None, Instant::now());
    loop {
        let (now, done) = look().await.with_context(|| what.to_owned())?;
        if done {
            return Ok(());
        }
        if seen.as_ref() != Some(&now) {
            (seen, moved) = (Some(now), Instant::now());
        }
        ensure!(moved.elapsed() < STILL, "{what}: nothing has moved for {STILL:?}, still {seen:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
