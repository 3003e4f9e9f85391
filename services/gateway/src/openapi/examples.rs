//! Sensible values for fields, by their names, so that an example can be read and tried.
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

mod story;

/// How deep examples go: a thing, what it holds, and what that holds.
const DEPTH: usize = 4;

/// An example of a message.
pub fn of_message(message: &MessageDescriptor) -> Value {
    example(message, DEPTH)
}

/// An example of one value of a field.
pub fn of_field(field: &FieldDescriptor) -> Value {
    value(field, DEPTH)
}

fn example(message: &MessageDescriptor, depth: usize) -> Value {
    let members = message.fields().filter_map(|field| {
        let one = value(&field, depth.checked_sub(1)?);
        Some((field.name().to_owned(), if field.is_list() { Value::Array(vec![one]) } else { one }))
    });
    let mut members: Map<_, _> = members.collect();
    story::tell(message.full_name(), &mut members);
    Value::Object(members)
}

fn value(field: &FieldDescriptor, depth: usize) -> Value {
    match field.kind() {
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => json!(time(field.name())),
        Kind::Message(message) => example(&message, depth),
        Kind::Enum(of) => {
            let named = of.values().find(|value| value.number() != 0);
            named.map_or(Value::Null, |value| json!(value.name()))
        }
        Kind::Bool => json!(true),
        Kind::Double | Kind::Float => float(field.name()),
        Kind::String => json!(text(field.name())),
        Kind::Bytes => json!("AAAA"),
        _ => number(field.name()),
    }
}

fn time(name: &str) -> &'static str {
    match name {
        "claim_by" => "2026-11-23T01:30:00Z",
        "claimed_at" => "2026-11-23T01:09:00Z",
        "dispatched_at" => "2026-11-23T01:12:00Z",
        "resolve_by" | "promised_by" => "2026-11-25T01:12:00Z",
        "resolved_at" => "2026-11-23T06:40:00Z",
        _ => "2026-11-23T01:00:00Z",
    }
}

fn float(name: &str) -> Value {
    match name {
        "lng" => json!(130.2985),
        "lat" => json!(47.3502),
        "accuracy_m" => json!(12.0),
        _ => json!(0.0),
    }
}

fn number(name: &str) -> Value {
    match name {
        "page_size" => json!(50),
        "quantity" | "sequence" | "escalation_step" => json!(1),
        "points" | "available" => json!(60),
        "amount_fen" => json!(128_000),
        "balance_fen" | "balance_after_fen" => json!(5_628_000),
        "stock" => json!(12),
        _ => json!(10),
    }
}

fn text(name: &str) -> String {
    let fixed = match name {
        "phone" => "19900000017",
        "code" => "482913",
        "name" | "actor_name" | "claimed_by_name" | "recorded_by_name" => "李志强",
        "text" => "3 单元楼道口结冰，有人滑倒",
        "comment" => "已清理干净",
        "resolution_text" => "已除冰并撒沙",
        "category_code" => "10103",
        "category_name" | "tile" => "积雪结冰",
        "number" => "GN261123-000042",
        "place_name" | "pickup_place_name" => "松鹤社区",
        "full_name" => "向阳街道 松鹤社区 松鹤小区",
        "path" | "place_path" => "gn.xy.sh.03",
        "district_name" => "工农区",
        "district_code" => "gn",
        "department_name" => "城市管理局",
        "prize_name" => "防寒手套",
        "purpose" => "REPAIR",
        "crs" => "GCJ02",
        "etag" => "\"3\"",
        "kind" => "AWARD",
        "transition" => "T2",
        "from_date" => "2026-11-23",
        "access_token" => "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTlhIn0.c2ln",
        "refresh_token" | "token" => "q3Vb1mZ0bXJYw8yqkq1m0Jx2c8vF7T5d",
        "next_page_token" | "page_token" => "",
        _ if name.ends_with("url") => "/v1/media/019aaf2c-6b1e-8c3d-9a51-3f6d1b2a7c90?until=1795402800&signature=Zk1v",
        _ if name.ends_with("_id") || name.ends_with("_ids") => return id(name),
        _ => "",
    };
    fixed.to_owned()
}

/// Another id for every kind of thing, always the same.
fn id(name: &str) -> String {
    let kind = name.trim_end_matches("_ids").trim_end_matches("_id");
    let mixed = kind.bytes().fold(0x1b2a_u64, |mixed, byte| (mixed * 31 + u64::from(byte)) & 0xffff_ffff_ffff);
    let version = if kind.ends_with("media") { 8 } else { 7 };
    format!("019aaf2c-6b1e-{version}c3d-9a51-{mixed:012x}")
}
