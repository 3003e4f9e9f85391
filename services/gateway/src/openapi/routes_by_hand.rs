//! The operations of the hand-written routes.
use serde_json::{Map, Value, json};

use super::{
    operation::{if_none_match, not_modified},
    refusals,
};
use crate::hand_written::{HandWritten, Rule, hand_written};

/// The tag they stand under.
pub const TAG: &str = "Gateway";
/// Where WeChat Pay tells of transfers.
const NOTICE: &str = "/v1/wechat/transfers:notify";
/// The tag of photos.
pub const PHOTOS: &str = "Photos";

/// Method, path and operation of each route that people are told of.
pub fn operations() -> impl Iterator<Item = (String, String, Value)> {
    let told = hand_written().iter().filter(|route| !route.summary.0.is_empty());
    told.map(|route| (route.method.to_lowercase(), route.path.to_owned(), operation(route)))
}

fn operation(route: &HandWritten) -> Value {
    let upload = route.path == "/v1/media";
    let public = matches!(route.access, Rule::Public | Rule::SandboxOnly);
    let mut responses = refusals::responses(route.reasons.iter().copied(), public, upload);
    if route.path == NOTICE {
        responses = notice_refusals();
    }
    responses.insert("200".to_owned(), answer(route.path));
    let mut parameters = parameters(route.path);
    if route.has_etag() {
        responses.insert("304".to_owned(), not_modified());
        parameters.push(if_none_match());
    }
    let id: String =
        route.path.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let mut operation = json!({
        "operationId": format!("Gateway_{}{id}", route.method.to_lowercase()),
        "tags": [if route.path.starts_with("/v1/media") { PHOTOS } else { TAG }],
        "summary": format!("{} {}", route.summary.0, route.summary.1),
        "description": who(route.access),
        "parameters": parameters,
        "responses": responses,
        "security": if public { json!([]) } else { json!([{"token": []}]) },
        "x-roles": {"public": public, "signed_in": if public { Value::Null } else { json!("OWN") }, "grants": []},
        "x-reasons": route.reasons,
    });
    if upload {
        let file =
            json!({"type": "string", "contentMediaType": "image/jpeg", "description": "JPEG, PNG, WebP; 10 MiB"});
        let schema = json!({"type": "object", "required": ["file"], "properties": {"file": file}});
        operation["requestBody"] = json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}});
    }
    if let Some(example) = body(route.path) {
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"example": example}}});
    }
    operation
}

/// Refusals in WeChat's form, not as problem documents.
fn notice_refusals() -> Map<String, Value> {
    let refusal = |about: &str| {
        let example = json!({"code": "FAIL", "message": "the signature is not good"});
        json!({"description": about, "content": {"application/json": {"example": example}}})
    };
    let refusals = [
        ("400", "签名有效但内容无法识别。Signed, but not readable."),
        ("401", "签名缺失、错误、过期，或是探测签名。The signature is missing, wrong, stale or a probe."),
        ("404", "没有这笔转账。There is no such transfer."),
        ("409", "与本方记录不一致。It differs from the record."),
        ("413", "超过 64 KiB。Longer than 64 KiB."),
        ("503", "暂时无法处理，请重发。Not now; send it again."),
    ];
    refusals.into_iter().map(|(status, about)| (status.to_owned(), refusal(about))).collect()
}

fn body(path: &str) -> Option<Value> {
    let out_bill_no = "5f0c7d1b9e2a4c3d8f6e7a1b2c3d4e5f";
    Some(match path {
        NOTICE => json!({
            "id": "EV-2026112320000000", "create_time": "2026-11-23T20:00:00+08:00", "resource_type": "encrypt-resource",
            "event_type": "MCHTRANSFER.BILL.FINISHED", "summary": "商家转账单据终态通知",
            "resource": {"original_type": "mch_payment", "algorithm": "AEAD_AES_256_GCM", "ciphertext": "2xCAZ1mp9sSYovmF",
                "associated_data": "mch_payment", "nonce": "fdasflkja484"},
        }),
        "/sandbox/wechat/confirm" | "/sandbox/wechat/expire" | "/sandbox/wechat/top-up" => {
            json!({"out_bill_no": out_bill_no})
        }
        "/sandbox/wechat/notify" => {
            json!({"out_bill_no": out_bill_no, "times": 1, "forged": false, "minutes_old": 0})
        }
        "/sandbox/wechat/modes" => json!({"call": "CREATE", "mode": "SILENT", "times": 1}),
        _ => return None,
    })
}

fn answer(path: &str) -> Value {
    let content = match path {
        "/v1/media" => json!({"application/json": {"example": {
            "media_id": "019aaf2c-6b1e-8c3d-9a51-3f6d1b2a7c90", "content_type": "image/jpeg", "size_bytes": 482_113,
            "width": 1600, "height": 1200,
            "url": "/v1/media/019aaf2c-6b1e-8c3d-9a51-3f6d1b2a7c90?until=1795402800&signature=Zk1v",
        }}}),
        "/v1/media/{media_id}" => json!({"image/jpeg": {}, "image/png": {}, "image/webp": {}}),
        "/v1/stream" => {
            json!({"text/event-stream": {"example": "id: 7001-42\nevent: ticket\ndata: {\"ticket_id\":\"019aaf2c-6b1e-7c3d-9a51-3f6d1b2a7c90\",\"state\":\"CLAIMED\"}\n\n"}})
        }
        "/healthz" => json!({"text/plain": {"example": "ok"}}),
        "/sandbox/people.json" => json!({"application/json": {"example": {"people": [{
            "person_id": "019aaf2c-6b1e-7c3d-9a51-3f6d1b2a7c90", "name": "李志强", "role": "courier", "place_name": "工农区",
            "phone": "19900000017", "department_id": null, "location": {"lng": 130.2985, "lat": 47.3502, "crs": "GCJ02"},
        }]}}}),
        "/sandbox/messages.json" => json!({"application/json": {"example": {"messages": [{
            "at": "2026-11-23T01:00:00Z", "channel": "sms", "to": "19900000017", "text": "验证码 482913", "code": "482913",
        }]}}}),
        NOTICE => json!({"application/json": {"example": {"code": "SUCCESS", "message": "成功"}}}),
        path if path.ends_with(".json") || path.starts_with("/sandbox/wechat/") => json!({"application/json": {}}),
        _ => json!({"text/html": {}}),
    };
    json!({"description": "OK", "content": content})
}

fn parameters(path: &str) -> Vec<Value> {
    let query = |name: &str, kind: &str, about: &str| json!({"name": name, "in": "query", "required": false, "schema": {"type": kind}, "description": about});
    match path {
        "/v1/media/{media_id}" => vec![
            json!({"name": "media_id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}),
            query("until", "integer", "Of the signed address."),
            query("signature", "string", "Of the signed address."),
        ],
        "/v1/stream" => vec![
            query("place_path", "string", "Only this place and below."),
            query("state", "string", "Only changes to or from these states, with commas between."),
            query("last_event_id", "string", "As the header Last-Event-ID, for clients that cannot send one."),
        ],
        "/sandbox/people.json" => vec![query("per_role", "integer", "1 to 1000; 0 means 20.")],
        "/sandbox/messages.json" => vec![query("to", "string", "Only messages to this receiver.")],
        _ => vec![],
    }
}

fn who(rule: Rule) -> &'static str {
    match rule {
        Rule::Public => "谁可以调用：所有人。Everybody.",
        Rule::SignedIn => "谁可以调用：已登录的任何人。Any signed-in person.",
        Rule::SignedAddressOrUploader => {
            "谁可以调用：持有有效签名地址者，或上传者本人。Whoever has a signed address that is still good, or the uploader."
        }
        Rule::SandboxOnly => "仅在沙箱模式下存在。Exists in sandbox mode only.",
    }
}
