//! Checks access tokens: signature, expiry and quick word of ended sessions. A service trusts the person's token, not its caller.
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use proto::api::v1::{ListSessionKeysRequest, session_key_service_client::SessionKeyServiceClient};
use redis::AsyncCommands;
use tonic::Code;
use uuid::Uuid;

use crate::{
    cache::Cache,
    client::Peer,
    clock::Clock,
    faults::Fault,
    token::{self, Claims, Signer},
};

/// The sorted set of ended sessions, scored by when they ended.
pub const ENDED_SESSIONS: &str = "ended_sessions";
const REMEMBERED: usize = 20_000;
type Keys = HashMap<String, [u8; 32]>;

/// Where the public keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// The service that signs.
    Own(Arc<Signer>),
    /// Everybody else asks it and remembers.
    Asked(Peer),
}

/// Verifies tokens for one process.
pub struct Verifier {
    source: KeySource,
    clock: Clock,
    keys: ArcSwap<Keys>,
    asked: tokio::sync::Mutex<DateTime<Utc>>,
    verified: Mutex<HashMap<String, Arc<Claims>>>,
    ended: ArcSwap<HashSet<Uuid>>,
}

impl Verifier {
    pub fn new(source: KeySource, clock: Clock) -> Arc<Self> {
        let (keys, ended) = (ArcSwap::default(), ArcSwap::default());
        Arc::new(Self { source, clock, keys, asked: tokio::sync::Mutex::default(), verified: Mutex::default(), ended })
    }

    /// The claims of a token that is genuine, not expired and not of an ended session.
    pub async fn verify(&self, token: &str) -> Result<Arc<Claims>, Fault> {
        let known = self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        let claims = match known {
            Some(claims) => claims,
            None => self.check(token).await?,
        };
        if claims.expired(self.clock.now()) {
            return Err(unauthenticated("TOKEN_EXPIRED", "the access token has expired"));
        }
        if self.ended.load().contains(&claims.sid) {
            return Err(unauthenticated("SESSION_ENDED", "the session has ended"));
        }
        Ok(claims)
    }

    async fn check(&self, text: &str) -> Result<Arc<Claims>, Fault> {
        let kid = token::kid_of(text).map_err(|_| unauthenticated("TOKEN_INVALID", "not an access token of ours"))?;
        if !self.keys.load().contains_key(&kid) {
            self.refresh_keys(&kid).await?;
        }
        let keys = self.keys.load();
        let claims = token::verify(text, |kid| keys.get(kid).copied());
        let claims = Arc::new(claims.map_err(|error| unauthenticated("TOKEN_INVALID", error.to_string()))?);
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= REMEMBERED {
            verified.clear();
        }
        verified.insert(text.to_owned(), claims.clone());
        Ok(claims)
    }

    /// One caller asks, the others wait for it; at most once a second, so that made-up key ids do not become calls.
    async fn refresh_keys(&self, kid: &str) -> Result<(), Fault> {
        let mut asked = self.asked.lock().await;
        let now = self.clock.now();
        let known = self.keys.load();
        if known.contains_key(kid) || (!known.is_empty() && now - *asked < TimeDelta::seconds(1)) {
            return Ok(());
        }
        *asked = now;
        let keys: Keys = match &self.source {
            KeySource::Own(signer) => signer.public_keys().into_iter().collect(),
            KeySource::Asked(peer) => {
                let mut client = SessionKeyServiceClient::new(peer.clone());
                let answer = client.list_session_keys(ListSessionKeysRequest {}).await.map_err(Fault::unavailable)?;
                let keys = answer.into_inner().keys.into_iter();
                keys.filter_map(|key| Some((key.key_id, key.public_key.try_into().ok()?))).collect()
            }
        };
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Hears every second which sessions ended during a token's lifetime; the answer's absence changes nothing.
    pub async fn follow_ended_sessions(self: Arc<Self>, cache: Cache) {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        loop {
            every.tick().await;
            let since = self.clock.now().timestamp() - 16 * 60;
            let mut connection = cache.connection();
            let ended: Result<Vec<String>, _> = connection.zrangebyscore(ENDED_SESSIONS, since, "+inf").await;
            if let Ok(ended) = ended {
                self.ended.store(Arc::new(ended.iter().filter_map(|id| id.parse().ok()).collect()));
            }
        }
    }
}

fn unauthenticated(reason: &'static str, detail: impl Into<String>) -> Fault {
    Fault::new(Code::Unauthenticated, reason, detail)
}
