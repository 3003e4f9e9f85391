//! JSON and parameters to protobuf bytes. Every fault names its field: `media_ids[2]`, `location.crs`.
use base64::{Engine, engine::general_purpose::STANDARD};
use prost::encoding::{WireType, encode_key, encode_varint};
use serde_json::Value;

use super::schema::{Field, Kind, Message, Schema};

/// Fields with what is wrong about them, in English for developers.
pub type Faults = Vec<(String, String)>;

/// More faults than this help nobody.
const MOST_FAULTS: usize = 20;

/// Appends the message that a JSON object stands for.
pub fn body(schema: &Schema, message: usize, value: &Value, out: &mut Vec<u8>) -> Result<(), Faults> {
    let mut reader = Reader { schema, text: false, path: String::new(), faults: Vec::new() };
    reader.message(message, value, out);
    if reader.faults.is_empty() { Ok(()) } else { Err(reader.faults) }
}

/// Appends one field given as text in a path or query, `a.b` for a field of a field.
pub fn parameter(schema: &Schema, message: usize, name: &str, text: &str, out: &mut Vec<u8>) -> Result<(), Faults> {
    let wrong = |what: &str| vec![(name.to_owned(), what.to_owned())];
    let mut kinds = Vec::new();
    let mut index = Some(message);
    for part in name.split('.') {
        let message = index.and_then(|index| schema.message(index));
        let field = message.and_then(|message| message.by_name(part)).ok_or_else(|| wrong("unknown parameter"))?;
        index = if let Kind::Message(inner) = field.kind { Some(inner).filter(|_| !field.repeated) } else { None };
        kinds.push(field);
    }
    let Some((last, outer)) = kinds.split_last() else { return Err(wrong("unknown parameter")) };
    let value = match last.kind {
        Kind::Message(_) => return Err(wrong("unknown parameter; name one of its fields")),
        Kind::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return Err(wrong("must be true or false")),
        },
        _ => Value::String(text.to_owned()),
    };
    let mut reader = Reader { schema, text: true, path: name.to_owned(), faults: Vec::new() };
    let mut bytes = Vec::new();
    reader.single(last, &value, &mut bytes);
    for field in outer.iter().rev() {
        let inner = std::mem::take(&mut bytes);
        put(field.number, &inner, &mut bytes);
    }
    out.append(&mut bytes);
    if reader.faults.is_empty() { Ok(()) } else { Err(reader.faults) }
}

/// Whether a parameter may be given more than once.
pub fn repeats(schema: &Schema, message: usize, name: &str) -> bool {
    schema.message(message).and_then(|message| message.by_name(name)).is_some_and(|field| field.repeated)
}

struct Reader<'a> {
    schema: &'a Schema,
    /// Numbers come as text, as everything in a path or query does.
    text: bool,
    path: String,
    faults: Faults,
}

impl Reader<'_> {
    fn wrong(&mut self, what: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            let path = if self.path.is_empty() { "body" } else { &self.path };
            self.faults.push((path.to_owned(), what.into()));
        }
    }

    fn message(&mut self, index: usize, value: &Value, out: &mut Vec<u8>) {
        let Value::Object(members) = value else { return self.wrong("must be an object") };
        let schema = self.schema;
        let unknown = Message::default();
        let message = schema.message(index).unwrap_or(&unknown);
        for (name, value) in members {
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(name);
            match (message.by_name(name), value) {
                (None, _) => self.wrong("unknown field"),
                (Some(_), Value::Null) => {}
                (Some(field), Value::Array(items)) if field.repeated => self.list(field, items, out),
                (Some(field), _) if field.repeated => self.wrong("must be a list"),
                (Some(field), value) => self.single(field, value, out),
            }
            self.path.truncate(length);
        }
    }

    fn list(&mut self, field: &Field, items: &[Value], out: &mut Vec<u8>) {
        let length = self.path.len();
        for (at, item) in items.iter().enumerate() {
            self.path.push_str(&format!("[{at}]"));
            self.single(field, item, out);
            self.path.truncate(length);
        }
    }

    fn single(&mut self, field: &Field, value: &Value, out: &mut Vec<u8>) {
        let number = field.number;
        match &field.kind {
            Kind::Double => self.float(value, f64::is_finite, |float| {
                fixed(number, WireType::SixtyFourBit, &float.to_le_bytes(), out);
            }),
            Kind::Float => {
                let short = |float: f64| float.abs() <= f64::from(f32::MAX);
                self.float(value, short, |float| {
                    fixed(number, WireType::ThirtyTwoBit, &(float as f32).to_le_bytes(), out);
                });
            }
            Kind::Int32 => {
                self.whole(value, i32::MIN, i32::MAX, |whole| varint(number, i64::from(whole).cast_unsigned(), out))
            }
            Kind::Int64 => self.whole(value, i64::MIN, i64::MAX, |whole| varint(number, whole.cast_unsigned(), out)),
            Kind::Uint32 => self.whole(value, u32::MIN, u32::MAX, |whole| varint(number, u64::from(whole), out)),
            Kind::Uint64 => self.whole(value, u64::MIN, u64::MAX, |whole| varint(number, whole, out)),
            Kind::Sint32 => {
                self.whole(value, i32::MIN, i32::MAX, |whole| varint(number, zigzag(i64::from(whole)), out))
            }
            Kind::Sint64 => self.whole(value, i64::MIN, i64::MAX, |whole| varint(number, zigzag(whole), out)),
            Kind::Fixed32 => self.whole(value, u32::MIN, u32::MAX, |whole: u32| {
                fixed(number, WireType::ThirtyTwoBit, &whole.to_le_bytes(), out);
            }),
            Kind::Fixed64 => self.whole(value, u64::MIN, u64::MAX, |whole: u64| {
                fixed(number, WireType::SixtyFourBit, &whole.to_le_bytes(), out);
            }),
            Kind::Sfixed32 => self.whole(value, i32::MIN, i32::MAX, |whole: i32| {
                fixed(number, WireType::ThirtyTwoBit, &whole.to_le_bytes(), out);
            }),
            Kind::Sfixed64 => self.whole(value, i64::MIN, i64::MAX, |whole: i64| {
                fixed(number, WireType::SixtyFourBit, &whole.to_le_bytes(), out);
            }),
            Kind::Message(index) => {
                let mut inner = Vec::new();
                self.message(*index, value, &mut inner);
                put(number, &inner, out);
            }
            _ => self.other(field, value, out),
        }
    }

    /// What is neither a number nor a message.
    fn other(&mut self, field: &Field, value: &Value, out: &mut Vec<u8>) {
        let number = field.number;
        match (&field.kind, value) {
            (Kind::Bool, Value::Bool(flag)) => varint(number, u64::from(*flag), out),
            (Kind::Bool, _) => self.wrong("must be true or false"),
            (Kind::Text, Value::String(text)) if text.contains('\0') => self.wrong("must not contain U+0000"),
            (Kind::Text, Value::String(text)) => put(number, text.as_bytes(), out),
            (Kind::Bytes, Value::String(text)) => match STANDARD.decode(text) {
                Ok(bytes) => put(number, &bytes, out),
                Err(_) => self.wrong("must be base64"),
            },
            (Kind::Enum(names), _) => match value.as_str().and_then(|name| names.number(name)) {
                Some(value) => varint(number, i64::from(value).cast_unsigned(), out),
                None => self.wrong(format!("must be one of {}", names.listed())),
            },
            (Kind::Timestamp, _) => match value.as_str().and_then(timestamp) {
                Some(bytes) => put(number, &bytes, out),
                None => self
                    .wrong("must be a time as in RFC 3339 with its offset, for example \"2026-11-23T08:00:00+08:00\""),
            },
            _ => self.wrong("must be a string"),
        }
    }

    fn float(&mut self, value: &Value, fits: impl Fn(f64) -> bool, mut put: impl FnMut(f64)) {
        let float = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.text => text.parse().ok(),
            _ => None,
        };
        match float.filter(|float: &f64| fits(*float)) {
            Some(float) => put(float),
            None => self.wrong("must be a number"),
        }
    }

    fn whole<N>(&mut self, value: &Value, least: N, most: N, mut put: impl FnMut(N))
    where
        N: TryFrom<i128> + std::fmt::Display,
    {
        let whole = match value {
            Value::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
            Value::String(text) if self.text => text.parse().ok(),
            _ => None,
        };
        match whole.and_then(|whole| N::try_from(whole).ok()) {
            Some(whole) => put(whole),
            None => self.wrong(format!("must be a whole number from {least} to {most}")),
        }
    }
}

fn timestamp(text: &str) -> Option<Vec<u8>> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    let mut bytes = Vec::with_capacity(16);
    varint(1, time.timestamp().cast_unsigned(), &mut bytes);
    varint(2, u64::from(time.timestamp_subsec_nanos().min(999_999_999)), &mut bytes);
    Some(bytes)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn varint(number: u32, value: u64, out: &mut Vec<u8>) {
    encode_key(number, WireType::Varint, out);
    encode_varint(value, out);
}

fn fixed(number: u32, wire: WireType, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(number, wire, out);
    out.extend_from_slice(bytes);
}

fn put(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}
