//! `GET /v1/stream`: changes of tickets as server-sent events, resumable at any gateway.
//!
//! One reader per process follows the tickets service's feed and hands each change to all streams. A stream knows the position of
//! what it has sent: `Last-Event-ID` begins after it, and a client that was too slow is brought up to date from the feed.
mod filter;
mod follower;
mod item;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use chassis::{feed::Source, token::Claims, verifier::Verifier};
use futures::Stream;
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE},
};
use tokio::{sync::broadcast::error::RecvError, time::Interval};

pub use self::follower::Streams;
use self::{filter::Filter, follower::Joined, item::At};
use crate::{app::App, entry::Asked, problem::Problem, text::query_pairs};

/// A line that keeps proxies from closing the connection; the token is looked at again with each.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long to wait for the one reader of this process to be where the stream is.
const STEP: Duration = Duration::from_millis(20);

/// Opens a stream of what the caller may follow.
pub async fn open(app: &App, asked: Asked<'_>) -> Result<Response, Problem> {
    let headers = &asked.parts.headers;
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "TOKEN_REQUIRED", "send Authorization: Bearer <token>")
    })?;
    let claims: Arc<Claims> = app.verifier.verify(token).await?;
    let pairs = query_pairs(asked.parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let given = |name: &str| pairs.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
    let filter = Filter::new(&claims, given("place_path"), given("state"))?;
    let source = Source::Remote(app.tickets.clone());
    // a browser's EventSource cannot set the header on its first request
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last = match header.or(Some(given("last_event_id"))).filter(|id| !id.is_empty()) {
        Some(id) => At::of(id).ok_or_else(|| {
            let wrong = "must be an id as given, for example 7001-42".to_owned();
            Problem::fields("FIELD_INVALID", vec![("Last-Event-ID".to_owned(), wrong)])
        })?,
        None => app.streams.head_or_ask(&source).await?,
    };
    let joined = app.streams.join(claims.sub, last).ok_or_else(Problem::overloaded)?;
    let line = Line {
        behind: joined.behind,
        last: joined.last,
        ready: VecDeque::from([Bytes::from(format!("retry: 2000\nid: {}\nevent: ready\ndata: {{}}\n\n", joined.last))]),
        joined,
        filter,
        token: token.to_owned(),
        verifier: app.verifier.clone(),
        source,
        beat: tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT),
    };
    let mut response = Response::new(Body::from_stream(frames(line)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would hold the events back
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One open stream.
struct Line {
    joined: Joined,
    /// What was sent, or passed over, last.
    last: At,
    /// Whether there is more before the live events than memory holds.
    behind: bool,
    filter: Filter,
    ready: VecDeque<Bytes>,
    token: String,
    verifier: Arc<Verifier>,
    source: Source,
    beat: Interval,
}

fn frames(line: Line) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    futures::stream::unfold(line, |mut line| async move { line.next().await.map(|frame| (Ok(frame), line)) })
}

impl Line {
    /// The next frame; none when the stream ends: the token is good no more, the gateway stops, or the feed cannot be read.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            if self.joined.closing.is_cancelled() {
                return None;
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            let closing = self.joined.closing.clone();
            tokio::select! {
                () = closing.cancelled() => return None,
                heard = self.joined.live.recv() => match heard {
                    Ok(item) if item.at > self.last => {
                        self.last = item.at;
                        if self.filter.admits(&item) {
                            return Some(item.frame.clone());
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => self.behind = true,
                    Err(RecvError::Closed) => return None,
                },
                _ = self.beat.tick() => {
                    self.verifier.verify(&self.token).await.ok()?;
                    return Some(Bytes::from(format!(":\nid: {}\n\n", self.last)));
                }
            }
        }
    }

    /// Takes what came after the last from memory, or reads a page of it; up to date when there is none.
    async fn catch_up(&mut self) -> Option<()> {
        if let Some(kept) = self.joined.after(self.last) {
            self.behind = false;
            for item in kept {
                self.last = item.at;
                if self.filter.admits(&item) {
                    self.ready.push_back(item.frame.clone());
                }
            }
            return Some(());
        }
        if !self.joined.streams().reads() {
            // the one reader of this process has just been woken; whoever reads before it would only read again
            tokio::time::sleep(STEP).await;
            return Some(());
        }
        let events = self.joined.streams().page(&self.source, self.last).await.ok()?;
        if events.is_empty() {
            tokio::time::sleep(STEP).await;
        }
        for item in events.iter().filter_map(item::item) {
            self.last = item.at;
            if self.filter.admits(&item) {
                self.ready.push_back(item.frame);
            }
        }
        if let Some(position) = events.last().and_then(|event| event.position) {
            self.last = At::from(position);
        }
        Some(())
    }
}
