//! The schemas of messages and fields.
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::{Maker, examples};

impl Maker {
    /// A reference to a message, which the document will then hold.
    pub fn reference(&mut self, message: &MessageDescriptor) -> Value {
        let name = name(message);
        if self.messages.insert(name.clone(), message.clone()).is_none() {
            for field in message.fields() {
                if let Kind::Message(inner) = field.kind()
                    && !is_time(&inner)
                {
                    self.reference(&inner);
                }
            }
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    /// Every message spoken of so far, and the form of a refusal.
    pub fn schemas(&mut self) -> Map<String, Value> {
        let messages: Vec<(String, MessageDescriptor)> =
            self.messages.iter().map(|(name, message)| (name.clone(), message.clone())).collect();
        let mut schemas: Map<String, Value> =
            messages.into_iter().map(|(name, message)| (name, self.object(&message, &[]))).collect();
        schemas.insert("Problem".to_owned(), problem());
        schemas
    }

    /// A message as an object, without some of its fields.
    pub fn object(&mut self, message: &MessageDescriptor, without: &[String]) -> Value {
        let fields = message.fields().filter(|field| !without.iter().any(|name| name == field.name()));
        let properties: Map<String, Value> =
            fields.map(|field| (field.name().to_owned(), self.field(&field))).collect();
        let about = self.comments.of_descriptor(&message.parent_file(), message.path());
        let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
        describe(&mut object, &about);
        object
    }

    /// A field with its comment.
    pub fn field(&mut self, field: &FieldDescriptor) -> Value {
        let one = self.one(field);
        let mut schema = if field.is_list() { json!({"type": "array", "items": one}) } else { nullable(one, field) };
        let file = field.parent_message().parent_file();
        describe(&mut schema, &self.comments.of_descriptor(&file, field.path()));
        schema
    }

    fn one(&mut self, field: &FieldDescriptor) -> Value {
        let (least, most) = (i64::MIN, i64::MAX);
        match field.kind() {
            Kind::Message(message) if is_time(&message) => json!({"type": "string", "format": "date-time"}),
            Kind::Message(message) => self.reference(&message),
            Kind::Enum(of) => {
                let names: Vec<String> =
                    of.values().filter(|value| value.number() != 0).map(|value| value.name().to_owned()).collect();
                let mut schema = json!({"type": "string", "enum": names});
                describe(&mut schema, &self.comments.of_descriptor(&of.parent_file(), of.path()));
                schema
            }
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Double | Kind::Float => json!({"type": "number", "format": "double"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::String => {
                let is_id = field.name().ends_with("_id") || field.name().ends_with("_ids");
                if is_id { json!({"type": "string", "format": "uuid"}) } else { json!({"type": "string"}) }
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "minimum": 0}),
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
            _ => json!({"type": "integer", "format": "int64", "minimum": least, "maximum": most}),
        }
    }
}

fn nullable(schema: Value, field: &FieldDescriptor) -> Value {
    let is_enum = matches!(field.kind(), Kind::Enum(_));
    if !field.supports_presence() && !is_enum {
        return schema;
    }
    if schema.get("$ref").is_some() {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    let mut schema = schema;
    if let Some(kind) = schema.get("type").cloned() {
        schema["type"] = json!([kind, "null"]);
    }
    if let Some(Value::Array(names)) = schema.get_mut("enum") {
        names.push(Value::Null);
    }
    schema
}

fn describe(schema: &mut Value, about: &str) {
    if !about.is_empty() {
        schema["description"] = json!(about);
    }
}

pub fn is_time(message: &MessageDescriptor) -> bool {
    message.full_name() == "google.protobuf.Timestamp"
}

/// "tickets.v1.Ticket": the full name without the suite's own.
fn name(message: &MessageDescriptor) -> String {
    message.full_name().trim_start_matches("hemei.").to_owned()
}

/// An example of a request or answer.
pub fn example(message: &MessageDescriptor, without: &[String]) -> Value {
    let mut example = examples::of_message(message);
    if let Value::Object(members) = &mut example {
        members.retain(|name, _| !without.contains(name));
    }
    example
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "code", "message", "detail", "fields", "facts", "request_id", "retryable"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "description": "Stable; see x-reasons."},
            "message": {"type": "string", "description": "给人看的说明；Accept-Language: en 时为英文。For people."},
            "detail": {"type": "string", "description": "For developers."},
            "fields": {"type": "array", "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
            }},
            "facts": {"type": "object", "additionalProperties": {"type": "string"}},
            "request_id": {"type": ["string", "null"]},
            "retryable": {"type": "boolean", "description": "The same request may succeed later."},
        },
    })
}
