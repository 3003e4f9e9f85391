//! Rate limits shared by all replicas: one GCRA step in one Redis script.
use std::time::Duration;

use redis::Script;

use crate::{cache::Cache, faults::Fault};

const STEP: &str = r"
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = due - now - interval * (burst - 1)
if wait > 0 then return wait end
redis.call('SET', KEYS[1], due + interval, 'PX', due + interval - now)
return 0";

/// Takes one of `burst` permits that come back one every `interval`. Answers how long to wait where none is left.
pub async fn take(cache: &Cache, key: &str, interval: Duration, burst: u32) -> Result<Option<Duration>, Fault> {
    let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    let mut connection = cache.connection();
    let script = Script::new(STEP);
    let wait: u64 = script.key(format!("limit:{key}")).arg(millis).arg(burst).invoke_async(&mut connection).await?;
    Ok((wait > 0).then(|| Duration::from_millis(wait)))
}
