//! The reasons of an operation, grouped by the status they come with.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The HTTP status a reason comes with.
pub fn status(reason: &str) -> u16 {
    proto::reasons::all().get(reason).map_or(400, |text| text.status)
}

/// Every reason with its texts.
pub fn all() -> Vec<Value> {
    let reasons = proto::reasons::all().iter();
    reasons
        .map(|(code, text)| {
            json!({"code": code, "status": text.status, "zh": text.zh, "en": text.en, "general": text.general})
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
