use chassis::verifier::ENDED_SESSIONS;
use uuid::Uuid;

use crate::{Residents, error::Error, store};

/// Ends a session, or all of the person's; answers how many were still going.
pub async fn sign_out(
    residents: &Residents,
    person_id: Uuid,
    session_id: Uuid,
    everywhere: bool,
) -> Result<usize, Error> {
    let only = (!everywhere).then_some(session_id);
    let ended = store::session::sign_out(&residents.pool, person_id, only, residents.clock.now()).await?;
    tell_ended(residents, &ended).await;
    Ok(ended.len())
}

/// Quick word to every service that the access tokens of these sessions are over. Without Redis they end within 15 minutes.
pub async fn tell_ended(residents: &Residents, sessions: &[Uuid]) {
    if sessions.is_empty() {
        return;
    }
    let now = residents.clock.now().timestamp();
    let mut pipe = redis::pipe();
    for session in sessions {
        pipe.zadd(ENDED_SESSIONS, session.to_string(), now).ignore();
    }
    pipe.cmd("ZREMRANGEBYSCORE").arg(ENDED_SESSIONS).arg("-inf").arg(now - 3600).ignore();
    let told: redis::RedisResult<()> = pipe.query_async(&mut residents.cache.connection()).await;
    if let Err(error) = told {
        tracing::warn!(%error, "ended sessions not told");
    }
}
