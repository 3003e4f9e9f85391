//! WeChat's own routes: login, and merchant transfers.
use std::time::Duration;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use ring::digest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Bill, BillState, Call, Mode, WeChat, crypto, keys};

/// How long it keeps silent, and is late.
const SILENCE: Duration = Duration::from_secs(60);
const LATENESS: Duration = Duration::from_secs(2);
/// Fen from which on a name is required, and at least.
const NAMED: i64 = 200_000;
const LEAST: i64 = 10;

#[derive(Deserialize)]
pub struct Login {
    appid: String,
    secret: String,
    js_code: String,
}

/// `demo:<name>` and `demo:<name>:<anything>` are codes of that person, good once each.
pub async fn login(State(wechat): State<WeChat>, Query(login): Query<Login>) -> Response {
    let refusal = |code: i32, words: &str| Json(json!({"errcode": code, "errmsg": words})).into_response();
    match wechat.next_mode(Call::Login) {
        Mode::Busy => return refusal(-1, "system error"),
        Mode::Broken => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mode::Lost => return silence().await,
        Mode::Late => tokio::time::sleep(LATENESS).await,
        _ => {}
    }
    if login.appid != keys::APP_ID {
        return refusal(40013, "invalid appid");
    }
    if login.secret != keys::APP_SECRET {
        return refusal(40125, "invalid appsecret");
    }
    let name = login.js_code.strip_prefix("demo:").map(|rest| rest.split(':').next().unwrap_or_default());
    let Some(name) = name.filter(|name| !name.is_empty()) else { return refusal(40029, "invalid code") };
    let mut held = wechat.held();
    if !held.book.used_codes.insert(login.js_code.clone()) {
        return refusal(40163, "code been used");
    }
    wechat.keep(&held);
    Json(json!({"openid": openid(name), "session_key": "c2FuZGJveCBzZXNzaW9u"})).into_response()
}

fn openid(name: &str) -> String {
    let hash = digest::digest(&digest::SHA256, name.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("o{}", hex.chars().take(27).collect::<String>())
}

/// Asks for a transfer.
pub async fn create(State(wechat): State<WeChat>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    if let Err(refused) = signed_by_merchant(&wechat, &headers, ("POST", &uri, &body)) {
        return refused;
    }
    let mode = wechat.next_mode(Call::Create);
    if let Some(refused) = refuse(&wechat, mode).await {
        return refused;
    }
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    let bill = match wechat.take(request, mode) {
        Ok(bill) => bill,
        Err((code, words)) => return refusal(&wechat, StatusCode::BAD_REQUEST, code, words),
    };
    done(&wechat, mode, &bill.created()).await
}

/// Asks about a transfer.
pub async fn find(State(wechat): State<WeChat>, uri: Uri, headers: HeaderMap, Path(no): Path<String>) -> Response {
    if let Err(refused) = signed_by_merchant(&wechat, &headers, ("GET", &uri, "")) {
        return refused;
    }
    let mode = wechat.next_mode(Call::Query);
    if let Some(refused) = refuse(&wechat, mode).await {
        return refused;
    }
    match wechat.change(&no, |_| {}) {
        Some(bill) => done(&wechat, mode, &bill.told()).await,
        None => refusal(&wechat, StatusCode::NOT_FOUND, "NOT_FOUND", "记录不存在"),
    }
}

/// Takes a transfer back that nobody confirmed.
pub async fn cancel(
    State(wechat): State<WeChat>,
    uri: Uri,
    headers: HeaderMap,
    Path(no): Path<String>,
    body: String,
) -> Response {
    if let Err(refused) = signed_by_merchant(&wechat, &headers, ("POST", &uri, &body)) {
        return refused;
    }
    let mode = wechat.next_mode(Call::Cancel);
    if let Some(refused) = refuse(&wechat, mode).await {
        return refused;
    }
    let now = wechat.clock.now();
    let bill = wechat.change(&no, |bill| {
        if matches!(bill.state, BillState::Accepted | BillState::Processing | BillState::WaitUserConfirm) {
            bill.go(BillState::Cancelled, now);
        }
    });
    match bill {
        None => refusal(&wechat, StatusCode::NOT_FOUND, "NOT_FOUND", "记录不存在"),
        Some(bill) if bill.state == BillState::Cancelled => {
            wechat.announce(&bill);
            done(&wechat, mode, &json!({"out_bill_no": no, "state": bill.state, "update_time": bill.changed_at})).await
        }
        Some(_) => refusal(&wechat, StatusCode::BAD_REQUEST, "INVALID_REQUEST", "单据状态不允许撤销"),
    }
}

impl WeChat {
    /// Keeps a transfer; the same request under the same number is the same transfer.
    fn take(&self, request: Value, mode: Mode) -> Result<Bill, (&'static str, &'static str)> {
        let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
        let (no, openid, amount) = (text("out_bill_no"), text("openid"), request["transfer_amount"].as_i64());
        let good = (1..=32).contains(&no.len())
            && no.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && text("appid") == keys::APP_ID
            && openid.len() == 28
            && !text("transfer_scene_id").is_empty()
            && (1..=32).contains(&text("transfer_remark").chars().count())
            && request["transfer_scene_report_infos"].as_array().is_some_and(|infos| !infos.is_empty());
        let Some(amount) = amount.filter(|fen| good && (LEAST..NAMED).contains(fen)) else {
            return Err(("PARAM_ERROR", "参数错误"));
        };
        let now = self.clock.now();
        let mut held = self.held();
        if let Some(known) = held.book.bills.get_mut(&no) {
            known.grow_old(now);
            let same = known.request == request;
            return if same {
                Ok(known.clone())
            } else {
                Err(("ALREADY_EXISTS", "商户单号已存在，参数不一致"))
            };
        }
        let state = if mode == Mode::NotEnough { BillState::Processing } else { BillState::WaitUserConfirm };
        let bill = Bill {
            transfer_bill_no: format!("1330000{:018}", rand::random::<u64>() % 1_000_000_000_000_000_000),
            package: format!("sandbox{:032x}=", rand::random::<u128>()),
            fail_reason: String::new(),
            created_at: now,
            changed_at: now,
            out_bill_no: no.clone(),
            request,
            openid,
            amount,
            state,
        };
        held.book.bills.insert(no, bill.clone());
        self.keep(&held);
        Ok(bill)
    }
}

fn signed_by_merchant(
    wechat: &WeChat,
    headers: &HeaderMap,
    (method, uri, body): (&str, &Uri, &str),
) -> Result<(), Response> {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let checked = crypto::check_request(authorization, (method, path, body), wechat.clock.now().timestamp());
    let checked = checked
        .and_then(|nonce| if wechat.held().nonces.insert(nonce) { Ok(()) } else { Err("the nonce was used before") });
    checked.map_err(|why| refusal(wechat, StatusCode::UNAUTHORIZED, "SIGN_ERROR", why))
}

/// What a mode answers instead of doing anything.
async fn refuse(wechat: &WeChat, mode: Mode) -> Option<Response> {
    match mode {
        Mode::Lost => Some(silence().await),
        Mode::Broken => Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        Mode::Limited => Some(refusal(wechat, StatusCode::TOO_MANY_REQUESTS, "FREQUENCY_LIMITED", "频率超限")),
        Mode::Refusing => Some(refusal(wechat, StatusCode::BAD_REQUEST, "PARAM_ERROR", "参数错误")),
        _ => None,
    }
}

/// What a mode answers after it was done.
async fn done(wechat: &WeChat, mode: Mode, body: &Value) -> Response {
    match mode {
        Mode::Silent => return silence().await,
        Mode::Late => tokio::time::sleep(LATENESS).await,
        _ => {}
    }
    let body = body.to_string();
    let mut headers = crypto::sign(&body, wechat.clock.now().timestamp());
    if mode == Mode::Missigned {
        headers = crypto::sign("another body", wechat.clock.now().timestamp());
    }
    respond(StatusCode::OK, headers, body)
}

fn refusal(wechat: &WeChat, status: StatusCode, code: &str, words: &str) -> Response {
    let body = json!({"code": code, "message": words}).to_string();
    respond(status, crypto::sign(&body, wechat.clock.now().timestamp()), body)
}

fn respond(status: StatusCode, headers: Vec<(&'static str, String)>, body: String) -> Response {
    let mut response = (status, [("content-type", "application/json")], body).into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn silence() -> Response {
    tokio::time::sleep(SILENCE).await;
    StatusCode::GATEWAY_TIMEOUT.into_response()
}
