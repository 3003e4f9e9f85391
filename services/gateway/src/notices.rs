//! What foreign systems tell by themselves. Nothing is decided here: the bytes and what signs them go to the service that knows the keys.
use std::time::Duration;

use axum::{body::Body, response::Response};
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use proto::finance::v1::{HearTransferRequest, wechat_service_client::WechatServiceClient};
use serde_json::json;
use tonic::{Code, Request};

use crate::{app::App, body, entry::Asked};

/// The longest notice, and the longest header of one.
const LONGEST: usize = 64 << 10;
const LONGEST_HEADER: usize = 1024;
/// WeChat waits 5 seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// `POST /v1/wechat/transfers:notify`, answered in WeChat's form.
pub async fn transfer(app: &App, asked: Asked<'_>) -> Response {
    let headers = &asked.parts.headers;
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        (value.len() <= LONGEST_HEADER).then(|| value.to_owned())
    };
    let signed = ["timestamp", "nonce", "signature", "serial", "signature-type"];
    let signed: Option<Vec<String>> = signed.iter().map(|name| header(&format!("wechatpay-{name}"))).collect();
    let Some([timestamp, nonce, signature, serial, signature_type]) =
        signed.and_then(|signed| <[String; 5]>::try_from(signed).ok())
    else {
        return answer(StatusCode::UNAUTHORIZED, "a header is too long");
    };
    if [&timestamp, &nonce, &signature, &serial].iter().any(|value| value.is_empty()) {
        return answer(StatusCode::UNAUTHORIZED, "a header of the signature is missing");
    }
    let body = match body::raw(asked.body, headers, LONGEST, asked.since + PATIENCE).await {
        Ok(bytes) => bytes.to_vec(),
        Err(problem) => return answer(problem.status, "the body is longer than 64 KiB, or broke off"),
    };
    // as with any other request: only now, when the body is here
    let Ok(_permit) = app.in_flight.try_acquire() else {
        return answer(StatusCode::TOO_MANY_REQUESTS, "too many requests in work at once");
    };
    let notice = HearTransferRequest { body, timestamp, nonce, signature, serial, signature_type };
    let mut request = Request::new(notice);
    request.set_timeout(PATIENCE.saturating_sub(asked.since.elapsed()));
    let mut finance = WechatServiceClient::new(app.finance.clone());
    match finance.hear_transfer(request).await {
        Ok(_) => answer(StatusCode::OK, ""),
        Err(refused) => answer(status(refused.code()), refused.message()),
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::FailedPrecondition => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn answer(status: StatusCode, message: &str) -> Response {
    let (code, message) = if status.is_success() { ("SUCCESS", "成功") } else { ("FAIL", message) };
    let mut response = Response::new(Body::from(json!({"code": code, "message": message}).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
