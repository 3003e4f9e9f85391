//! One-time codes and the limits on asking for them. Both live in Redis: losing them costs a person one more message.
use std::time::Duration;

use chassis::{cache::Cache, faults::Fault, sandbox};
use chrono::{DateTime, Utc};
use redis::Script;

use crate::{Residents, error::Error, phone::Phone};

/// How long a code is good.
pub const VALID: Duration = Duration::from_secs(5 * 60);
const ATTEMPTS: u32 = 5;
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// Windows in milliseconds with the most requests in each, all of which must have room.
type Windows = &'static [(u64, u32)];
const PHONE: Windows = &[(MINUTE, 1), (HOUR, 5), (24 * HOUR, 10)];
/// Of a demo: whoever signs in as one of its people again and again gets a new code each time.
const SANDBOX_PHONE: Windows = &[(MINUTE, 30)];
const ADDRESS: Windows = &[(HOUR, 60)];

/// A log of instants: refuses, with the milliseconds to wait, where one of the windows is full; else notes one more.
const NOTE: &str = r"
local now, longest, wait = tonumber(ARGV[1]), 0, 0
for i = 3, #ARGV, 2 do
  local length, most = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  longest = math.max(longest, length)
  local seen = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now - length), '+inf', 'WITHSCORES')
  local room = most - #seen / 2
  if room <= 0 then wait = math.max(wait, tonumber(seen[(1 - room) * 2]) + length - now) end
end
if wait > 0 then return wait end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - longest)
redis.call('ZADD', KEYS[1], now, ARGV[2])
redis.call('PEXPIRE', KEYS[1], longest)
return 0";

/// Compares and removes in one step, so a code works once; the fifth wrong guess removes it too.
/// Answers how many milliseconds the code was still good, or 0.
const REDEEM: &str = r"
local code = redis.call('HGET', KEYS[1], 'code')
if not code then return 0 end
local left = redis.call('PTTL', KEYS[1])
if code == ARGV[1] then redis.call('DEL', KEYS[1]) return math.max(left, 1) end
if redis.call('HINCRBY', KEYS[1], 'wrong', 1) >= tonumber(ARGV[2]) then redis.call('DEL', KEYS[1]) end
return 0";

impl Residents {
    /// Takes a permit for one more code, first of the address, then of the phone.
    pub(crate) async fn permit_code(&self, phone: &Phone, address: Option<&str>) -> Result<(), Error> {
        let now = self.clock.now();
        if let Some(address) = address.filter(|address| !(self.sandbox && is_loopback(address))) {
            note(&self.cache, &format!("address:{address}"), now, ADDRESS).await?;
        }
        let windows = if self.sandbox { SANDBOX_PHONE } else { PHONE };
        note(&self.cache, &format!("phone:{}", self.phone_key(phone)), now, windows).await
    }

    /// Makes a code, keeps its keyed hash and sends it.
    pub(crate) async fn send_code(&self, phone: &Phone) -> Result<(), Error> {
        let code = format!("{:06}", rand::random_range(0..1_000_000));
        self.keep_code(phone, &code, VALID).await?;
        let text = format!("【和美家园】验证码 {code}，5 分钟内有效。请勿告诉他人。");
        sandbox::push(&self.cache, "sms", phone.digits(), &text, Some(&code), self.clock.now()).await?;
        Ok(())
    }

    /// Uses a code up. Answers how long it would still have been good.
    pub(crate) async fn redeem_code(&self, phone: &Phone, code: &str) -> Result<Duration, Error> {
        let mut connection = self.cache.connection();
        let redeem = Script::new(REDEEM);
        let mut redeem = redeem.key(format!("code:{}", self.phone_key(phone)));
        redeem.arg(self.code_hash(phone, code)).arg(ATTEMPTS);
        let left: u64 = redeem.invoke_async(&mut connection).await.map_err(Fault::from)?;
        if left == 0 { Err(Error::CodeWrong) } else { Ok(Duration::from_millis(left)) }
    }

    /// Keeps a code: a new one, or one given back because the database was away when it was used.
    pub(crate) async fn keep_code(&self, phone: &Phone, code: &str, valid: Duration) -> Result<(), Error> {
        let key = format!("code:{}", self.phone_key(phone));
        let millis = i64::try_from(valid.as_millis()).unwrap_or(0);
        let mut pipe = redis::pipe();
        pipe.atomic().del(&key).ignore();
        pipe.hset(&key, "code", self.code_hash(phone, code)).ignore().pexpire(&key, millis).ignore();
        let () = pipe.query_async(&mut self.cache.connection()).await.map_err(Fault::from)?;
        Ok(())
    }

    /// A phone as a key of Redis, which learns no phone from it.
    fn phone_key(&self, phone: &Phone) -> String {
        hex(&self.vault.blind("code.phone", phone.digits()))
    }

    fn code_hash(&self, phone: &Phone, code: &str) -> String {
        hex(&self.vault.blind("code.code", &format!("{}:{code}", phone.digits())))
    }
}

async fn note(cache: &Cache, key: &str, now: DateTime<Utc>, windows: Windows) -> Result<(), Error> {
    let script = Script::new(NOTE);
    let mut call = script.key(format!("limit:code:{key}"));
    call.arg(now.timestamp_millis()).arg(format!("{:032x}", rand::random::<u128>()));
    for (length, most) in windows {
        call.arg(*length).arg(*most);
    }
    let wait: u64 = call.invoke_async(&mut cache.connection()).await.map_err(Fault::from)?;
    if wait > 0 { Err(Error::CodeTooOften(Duration::from_millis(wait))) } else { Ok(()) }
}

fn is_loopback(address: &str) -> bool {
    address.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
