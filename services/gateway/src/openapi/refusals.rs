//! The reasons of an operation, grouped by the status they come with.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The HTTP status a reason comes with.
pub fn status(reason: &str) -> u16 {
    match reason {
        "BODY_TOO_LARGE" => 413,
        "CONTENT_TYPE_UNSUPPORTED" => 415,
        "METHOD_NOT_ALLOWED" => 405,
        "INTERNAL" => 500,
        "UNAVAILABLE" => 503,
        "TIMED_OUT" => 504,
        "OVERLOADED" | "RATE_LIMITED" | "CODE_TOO_OFTEN" => 429,
        "TOKEN_REQUIRED" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "SESSION_ENDED" => 401,
        "CODE_WRONG" | "REFRESH_TOKEN_INVALID" | "REFRESH_TOKEN_REUSED" | "SETUP_TOKEN_INVALID" => 401,
        "ROLE_NOT_ALLOWED" | "PLACE_NOT_ALLOWED" | "NOT_YOURS" | "NOT_THE_CLAIMER" | "NOT_THE_HANDLER" => 403,
        "NOT_YOUR_PICKUP_POINT" | "DISTRICT_NOT_YOURS" => 403,
        "ETAG_MISMATCH" | "ID_REUSED" | "ALREADY_CLAIMED" | "STATE_CONFLICT" | "OUT_OF_STOCK" => 409,
        "POINTS_INSUFFICIENT" | "FUNDS_INSUFFICIENT" | "REDEMPTION_ENDED" => 409,
        _ if reason.ends_with("_NOT_FOUND") => 404,
        _ => 400,
    }
}

/// Every reason with its texts.
pub fn all() -> Vec<Value> {
    let reasons = proto::reasons::all().iter();
    reasons
        .map(|(code, text)| {
            json!({"code": code, "status": status(code), "zh": text.zh, "en": text.en, "general": text.general})
        })
        .collect()
}

/// The problem responses of an operation: its own reasons and the general ones that fit it.
pub fn responses<'a>(own: impl Iterator<Item = &'a str>, public: bool, with_body: bool) -> Map<String, Value> {
    let general = proto::reasons::all().iter().filter(|(_, text)| text.general).map(|(code, _)| code.as_str());
    let fits = move |code: &&str| match status(code) {
        401 | 403 => !public,
        413 | 415 => with_body,
        404 | 405 => false,
        _ => with_body || *code != "BODY_INVALID",
    };
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in own.chain(general.filter(fits)) {
        by_status.entry(status(code)).or_default().push(code);
    }
    by_status.into_iter().map(|(status, codes)| (status.to_string(), response(status, &codes))).collect()
}

fn response(status: u16, codes: &[&str]) -> Value {
    let texts = codes.iter().filter_map(|code| Some((code, proto::reasons::all().get(*code)?)));
    let lines: Vec<String> = texts.map(|(code, text)| format!("- `{code}`: {} {}", text.zh, text.en)).collect();
    let first = codes.first().copied().unwrap_or_default();
    let message = proto::reasons::all().get(first).map(|text| text.zh.as_str()).unwrap_or_default();
    let example = json!({
        "type": format!("/docs/#{first}"),
        "title": http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default(),
        "status": status,
        "code": first,
        "message": message,
        "detail": "",
        "fields": [],
        "facts": {},
        "request_id": "0af7651916cd43dd8448eb211c80319c",
        "retryable": matches!(status, 429 | 503 | 504),
    });
    json!({
        "description": lines.join("\n"),
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": example,
        }},
        "x-codes": codes,
    })
}
