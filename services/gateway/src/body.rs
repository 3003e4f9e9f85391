//! Bodies read with a limit, and politely thrown away beyond it.
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT},
};
use http_body_util::BodyExt;

use crate::problem::Problem;

/// The largest JSON body.
const JSON_LIMIT: usize = 1 << 20;
/// What is read of a refused body before the connection is cut, so that its sender can read the refusal.
const DISCARDED: usize = 32 << 20;
const DISCARD_FOR: Duration = Duration::from_secs(3);

/// The bytes of a JSON body; empty where there is none.
pub async fn json(mut body: Body, headers: &HeaderMap, deadline: Instant) -> Result<Bytes, Problem> {
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json");
        if !is_json && !HttpBody::is_end_stream(&body) {
            discard(body, headers).await;
            return Err(Problem::content_type("application/json"));
        }
    }
    if announced(headers).is_some_and(|length| length > JSON_LIMIT) {
        discard(body, headers).await;
        return Err(too_large());
    }
    let read = tokio::time::timeout_at(deadline.into(), up_to(&mut body, JSON_LIMIT)).await;
    match read.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMED_OUT", "the body did not come in time"))? {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            discard(body, headers).await;
            Err(too_large())
        }
        Err(problem) => Err(problem),
    }
}

/// The bytes of a body as they came, of whatever kind.
pub async fn raw(mut body: Body, headers: &HeaderMap, limit: usize, deadline: Instant) -> Result<Bytes, Problem> {
    if announced(headers).is_none_or(|length| length <= limit) {
        let read = tokio::time::timeout_at(deadline.into(), up_to(&mut body, limit)).await;
        let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMED_OUT", "the body did not come in time");
        if let Some(bytes) = read.map_err(late)?? {
            return Ok(bytes);
        }
    }
    discard(body, headers).await;
    Err(Problem::too_large(&format!("{limit} bytes")))
}

fn too_large() -> Problem {
    Problem { fields: vec![("body".to_owned(), "at most 1 MiB".to_owned())], ..Problem::too_large("1 MiB") }
}

/// The length a client announces.
pub fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The whole body, or `None` as soon as it is longer than the limit.
async fn up_to(body: &mut Body, limit: usize) -> Result<Option<Bytes>, Problem> {
    let (mut first, mut all) = (Bytes::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "BODY_INVALID", "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > limit {
            return Ok(None);
        }
        if first.is_empty() && all.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        all.extend_from_slice(&data);
    }
    Ok(Some(if all.is_empty() { first } else { all.into() }))
}

/// Reads on for a while without keeping anything. Who waits for leave to send (`Expect`) needs no such courtesy.
pub async fn discard(mut body: Body, headers: &HeaderMap) {
    if headers.contains_key(EXPECT) {
        return;
    }
    let drained = async {
        let mut read = 0;
        while read < DISCARDED
            && let Some(Ok(frame)) = body.frame().await
        {
            read += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    let _ = tokio::time::timeout(DISCARD_FOR, drained).await;
}
