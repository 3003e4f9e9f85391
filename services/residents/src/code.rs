//! One-time codes and the limits on asking for them. Both live in Redis: losing them costs a person one more message.
use std::time::Duration;

use chassis::{cache::Cache, faults::Fault, sandbox};
use chrono::{DateTime, Utc};
use redis::Script;

use crate::{Residents, error::Error, phone::Phone};

/// How long a code is good.
pub const VALID: Duration = Duration::from_secs(5 * 60);
/// The guesses one address has at a code, and all addresses together: who knows a phone cannot use up its code alone.
const ATTEMPTS: u32 = 5;
const ALL_ATTEMPTS: u32 = 20;
/// The wrong codes one address may send in an hour.
const WRONG_AN_HOUR: u32 = 20;
/// In milliseconds; also the shortest time between two codes.
pub const MINUTE: u64 = 60_000;
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

/// Compares and removes in one step, so a code works once; the last guess of all removes it too. An address that has used up
/// its guesses at this code neither learns it nor uses up those of others. The second key, where there is one, is the log of
/// the address's wrong codes. Answers how many milliseconds the code was still good, 0 if it is wrong, or less than 0: how long
/// the address has to wait.
const REDEEM: &str = r"
local now, length, most = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])
if KEYS[2] then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - length)
  local over = redis.call('ZCARD', KEYS[2]) - most
  if over >= 0 then
    local seen = redis.call('ZRANGE', KEYS[2], over, over, 'WITHSCORES')
    return now - length - tonumber(seen[2])
  end
end
local code, tries = redis.call('HGET', KEYS[1], 'code'), 'wrong:' .. ARGV[2]
local guesses_left = code and tonumber(redis.call('HGET', KEYS[1], tries) or 0) < tonumber(ARGV[7])
if guesses_left and code == ARGV[1] then
  local left = redis.call('PTTL', KEYS[1])
  redis.call('DEL', KEYS[1])
  return math.max(left, 1)
end
if KEYS[2] then
  redis.call('ZADD', KEYS[2], now, ARGV[4])
  redis.call('PEXPIRE', KEYS[2], length)
end
if guesses_left then
  redis.call('HINCRBY', KEYS[1], tries, 1)
  if redis.call('HINCRBY', KEYS[1], 'wrong', 1) >= tonumber(ARGV[8]) then redis.call('DEL', KEYS[1]) end
end
return 0";

/// Keeps a code where there is no newer one.
const GIVE_BACK: &str = r"
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'code', ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

impl Residents {
    /// Takes a permit for one more code, first of the address, then of the phone.
    pub(crate) async fn permit_code(&self, phone: &Phone, address: Option<&str>) -> Result<(), Error> {
        let now = self.clock.now();
        if let Some(address) = self.limited(address) {
            note(&self.cache, &format!("address:{address}"), now, ADDRESS).await?;
        }
        let windows = if self.sandbox { SANDBOX_PHONE } else { PHONE };
        note(&self.cache, &format!("phone:{}", self.phone_key(phone)), now, windows).await
    }

    /// Makes a code, keeps its keyed hash and sends it.
    pub(crate) async fn send_code(&self, phone: &Phone) -> Result<(), Error> {
        let code = format!("{:06}", rand::random_range(0..1_000_000));
        self.keep_code(phone, &code).await?;
        let text = format!("【和美家园】验证码 {code}，5 分钟内有效。请勿告诉他人。");
        sandbox::push(&self.cache, "sms", phone.digits(), &text, Some(&code), self.clock.now()).await?;
        Ok(())
    }

    /// Uses a code up, for somebody at an address. Answers how long it would still have been good.
    pub(crate) async fn redeem_code(
        &self,
        phone: &Phone,
        code: &str,
        address: Option<&str>,
    ) -> Result<Duration, Error> {
        let redeem = Script::new(REDEEM);
        let mut redeem = redeem.key(self.code_key(phone));
        if let Some(address) = self.limited(address) {
            redeem.key(format!("limit:code:wrong:{address}"));
        }
        redeem.arg(self.code_hash(phone, code)).arg(address.unwrap_or_default());
        redeem.arg(self.clock.now().timestamp_millis()).arg(new_member());
        redeem.arg(HOUR).arg(WRONG_AN_HOUR).arg(ATTEMPTS).arg(ALL_ATTEMPTS);
        let left: i64 = redeem.invoke_async(&mut self.cache.connection()).await.map_err(Fault::from)?;
        let length = Duration::from_millis(left.unsigned_abs());
        match left {
            0 => Err(Error::CodeWrong),
            1.. => Ok(length),
            _ => Err(Error::CodeTooOften(length)),
        }
    }

    /// Gives a code back that was used while nobody could be signed in; one sent meanwhile stays.
    pub(crate) async fn give_back_code(&self, phone: &Phone, code: &str, valid: Duration) -> Result<(), Error> {
        let script = Script::new(GIVE_BACK);
        let mut call = script.key(self.code_key(phone));
        call.arg(self.code_hash(phone, code)).arg(millis(valid));
        let () = call.invoke_async(&mut self.cache.connection()).await.map_err(Fault::from)?;
        Ok(())
    }

    async fn keep_code(&self, phone: &Phone, code: &str) -> Result<(), Error> {
        let (key, hash) = (self.code_key(phone), self.code_hash(phone, code));
        let mut pipe = redis::pipe();
        pipe.atomic().del(&key).ignore();
        pipe.hset(&key, "code", hash).ignore().pexpire(&key, millis(VALID)).ignore();
        let () = pipe.query_async(&mut self.cache.connection()).await.map_err(Fault::from)?;
        Ok(())
    }

    /// The address whose requests are counted: all of a demo come from the one machine it runs on.
    fn limited<'a>(&self, address: Option<&'a str>) -> Option<&'a str> {
        address.filter(|address| !(self.sandbox && is_loopback(address)))
    }

    fn code_key(&self, phone: &Phone) -> String {
        format!("code:{}", self.phone_key(phone))
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
    call.arg(now.timestamp_millis()).arg(new_member());
    for (length, most) in windows {
        call.arg(*length).arg(*most);
    }
    let wait: u64 = call.invoke_async(&mut cache.connection()).await.map_err(Fault::from)?;
    if wait > 0 { Err(Error::CodeTooOften(Duration::from_millis(wait))) } else { Ok(()) }
}

/// An entry of a log: two at the same instant count twice.
fn new_member() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(0)
}

fn is_loopback(address: &str) -> bool {
    address.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
