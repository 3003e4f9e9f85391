//! WeCom's group robots: `POST /cgi-bin/webhook/send?key=…`, with their limits and error codes.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chassis::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Messages a robot may send in a minute.
const A_MINUTE: usize = 20;
/// Bytes of a text and of a markdown message.
const TEXT: usize = 2_048;
const MARKDOWN: usize = 4_096;
/// Messages that are remembered.
const KEPT: usize = 2_000;
/// How long it keeps silent when it is told to.
const SILENCE: Duration = Duration::from_secs(60);

/// How it behaves towards one robot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// As it should.
    #[default]
    Honest,
    /// 45009, whatever the rate.
    Limited,
    /// Keeps the message and never answers.
    Silent,
    /// HTTP 500, the message is not kept.
    Broken,
    /// Keeps the message and says it failed.
    Lying,
    /// 40058: the message is refused for good.
    Refusing,
}

/// A message that reached a group.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    pub at: DateTime<Utc>,
    pub key: String,
    pub kind: String,
    pub content: String,
    pub mentioned: Vec<String>,
}

#[derive(Default)]
struct Held {
    received: Vec<Received>,
    /// The mode of a robot, and how many messages it still holds for.
    modes: HashMap<String, (Mode, usize)>,
}

/// The robots and what their groups got.
#[derive(Clone)]
pub struct WeCom {
    clock: Clock,
    held: Arc<Mutex<Held>>,
}

impl WeCom {
    /// No messages yet, everybody treated honestly.
    pub fn new(clock: Clock) -> Self {
        Self { clock, held: Arc::default() }
    }

    /// What reached the groups, the oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.held().received.clone()
    }

    /// Behaves in some way for the next messages of a robot.
    pub fn behave(&self, key: &str, mode: Mode, times: usize) {
        self.held().modes.insert(key.to_owned(), (mode, times));
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_mode(&self, key: &str) -> Mode {
        let mut held = self.held();
        match held.modes.get_mut(key) {
            Some((mode, times)) if *times > 0 => {
                *times -= 1;
                *mode
            }
            _ => Mode::Honest,
        }
    }

    /// Keeps a message, unless the robot has said too much in the last minute.
    fn keep(&self, message: Received) -> Result<(), Value> {
        let mut held = self.held();
        let since = message.at - TimeDelta::seconds(60);
        let recent = held.received.iter().filter(|one| one.key == message.key && one.at > since).count();
        if recent >= A_MINUTE {
            return Err(refusal(45009, "api freq out of limit"));
        }
        held.received.push(message);
        let surplus = held.received.len().saturating_sub(KEPT);
        held.received.drain(..surplus);
        Ok(())
    }
}

fn refusal(code: i32, words: &str) -> Value {
    json!({"errcode": code, "errmsg": words})
}

/// The robots' routes, and those by which people look at and set the sandbox.
pub fn router(wecom: WeCom) -> Router {
    Router::new()
        .route("/cgi-bin/webhook/send", post(send))
        .route("/messages", get(messages))
        .route("/modes", post(modes))
        .with_state(wecom)
}

#[derive(Deserialize)]
struct Robot {
    key: String,
}

#[derive(Deserialize)]
struct Body {
    msgtype: String,
    text: Option<Content>,
    markdown: Option<Content>,
}

#[derive(Deserialize)]
struct Content {
    content: String,
    #[serde(default)]
    mentioned_list: Vec<String>,
    #[serde(default)]
    mentioned_mobile_list: Vec<String>,
}

async fn send(State(wecom): State<WeCom>, Query(robot): Query<Robot>, body: String) -> Response {
    let Ok(body) = serde_json::from_str::<Body>(&body) else {
        return Json(refusal(40058, "invalid request parameter")).into_response();
    };
    let (content, most) = match body.msgtype.as_str() {
        "text" => (body.text, TEXT),
        "markdown" => (body.markdown, MARKDOWN),
        _ => (None, 0),
    };
    let Some(content) = content else { return Json(refusal(40058, "invalid request parameter")).into_response() };
    if content.content.is_empty() {
        return Json(refusal(44004, "text content is empty")).into_response();
    }
    if content.content.len() > most {
        return Json(refusal(45002, "content size out of limit")).into_response();
    }
    let mode = wecom.next_mode(&robot.key);
    let message = Received {
        at: wecom.clock.now(),
        key: robot.key,
        kind: body.msgtype,
        mentioned: [content.mentioned_list, content.mentioned_mobile_list].concat(),
        content: content.content,
    };
    match mode {
        Mode::Limited => return Json(refusal(45009, "api freq out of limit")).into_response(),
        Mode::Broken => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mode::Refusing => return Json(refusal(40058, "invalid request parameter")).into_response(),
        Mode::Honest | Mode::Silent | Mode::Lying => {}
    }
    if let Err(limited) = wecom.keep(message) {
        return Json(limited).into_response();
    }
    match mode {
        Mode::Silent => {
            tokio::time::sleep(SILENCE).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Mode::Lying => Json(refusal(-1, "system busy")).into_response(),
        _ => Json(refusal(0, "ok")).into_response(),
    }
}

async fn messages(State(wecom): State<WeCom>) -> Json<Value> {
    let mut received = wecom.received();
    received.reverse();
    // the key is the secret of the group, in the sandbox too
    let shown = received
        .into_iter()
        .map(|one| json!({"at": one.at, "kind": one.kind, "content": one.content, "mentioned": one.mentioned}));
    Json(json!({"messages": shown.collect::<Vec<_>>()}))
}

#[derive(Deserialize)]
struct Wish {
    key: String,
    mode: Mode,
    times: usize,
}

async fn modes(State(wecom): State<WeCom>, Json(wish): Json<Wish>) -> Json<Value> {
    wecom.behave(&wish.key, wish.mode, wish.times);
    Json(json!({"key": wish.key, "mode": wish.mode, "times": wish.times}))
}
