//! Protobuf bytes to JSON in one pass over the bytes, without building the message in between.
use std::io::Write;

use chrono::{Datelike, Timelike};

use super::schema::{Field, Kind, Schema};

/// The bytes are not what the descriptor says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer of the service is malformed")]
pub struct Malformed;

/// Where a field stands in its message.
#[derive(Clone, Copy)]
struct Slot {
    /// The position of the first tag.
    first: usize,
    /// The position behind the last tag, and its wire type: the last one wins.
    last: usize,
    wire: u8,
}

const UNSET: Slot = Slot { first: usize::MAX, last: 0, wire: 0 };

/// Appends a message as JSON; the index is one that [`Schema::add`] gave.
pub fn write(schema: &Schema, message: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    Writer { schema, slots: Vec::with_capacity(64), out }.message(message, bytes)
}

/// The value of the text field with this number, as a message's last word says.
pub fn text_field(bytes: &[u8], number: u32) -> Option<&str> {
    let (mut at, mut found) = (0, None);
    while at < bytes.len() {
        let (own, wire) = tag(bytes, &mut at).ok()?;
        let start = at;
        skip(bytes, &mut at, wire).ok()?;
        if own == number && wire == 2 {
            let mut inner = start;
            found = std::str::from_utf8(delimited(bytes, &mut inner).ok()?).ok();
        }
    }
    found
}

struct Writer<'a> {
    schema: &'a Schema,
    /// One stack for all messages being written.
    slots: Vec<Slot>,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn message(&mut self, index: usize, bytes: &[u8]) -> Result<(), Malformed> {
        let message = self.schema.message(index).ok_or(Malformed)?;
        let base = self.slots.len();
        self.slots.resize(base + message.fields.len(), UNSET);
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            let (number, wire) = tag(bytes, &mut at)?;
            let slot = message.by_number(number).and_then(|field| self.slots.get_mut(base + field));
            if let Some(slot) = slot {
                *slot = Slot { first: slot.first.min(start), last: at, wire };
            }
            skip(bytes, &mut at, wire)?;
        }
        self.out.push(b'{');
        for (place, field) in message.fields.iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(field.key.as_bytes());
            let slot = self.slots.get(base + place).copied().unwrap_or(UNSET);
            match (slot.first, field.repeated) {
                (usize::MAX, true) => self.out.extend_from_slice(b"[]"),
                (usize::MAX, false) => self.unset(field),
                (first, true) => self.list(field, bytes, first)?,
                (_, false) => self.value(&field.kind, bytes, &mut { slot.last }, slot.wire)?,
            }
        }
        self.out.push(b'}');
        self.slots.truncate(base);
        Ok(())
    }

    fn unset(&mut self, field: &Field) {
        let text: &[u8] = match &field.kind {
            _ if field.optional => b"null",
            Kind::Enum(_) => b"null",
            Kind::Text | Kind::Bytes => b"\"\"",
            Kind::Bool => b"false",
            Kind::Double | Kind::Float => b"0.0",
            _ => b"0",
        };
        self.out.extend_from_slice(text);
    }

    /// All occurrences of a field, packed or not.
    fn list(&mut self, field: &Field, bytes: &[u8], first: usize) -> Result<(), Malformed> {
        self.out.push(b'[');
        let (mut at, mut many) = (first, false);
        while at < bytes.len() {
            let (number, wire) = tag(bytes, &mut at)?;
            if number != field.number {
                skip(bytes, &mut at, wire)?;
                continue;
            }
            let own = wire_of(&field.kind);
            if wire == 2 && own != 2 {
                let packed = delimited(bytes, &mut at)?;
                let mut inner = 0;
                while inner < packed.len() {
                    self.comma(&mut many);
                    self.value(&field.kind, packed, &mut inner, own)?;
                }
            } else {
                self.comma(&mut many);
                self.value(&field.kind, bytes, &mut at, wire)?;
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn comma(&mut self, many: &mut bool) {
        if *many {
            self.out.push(b',');
        }
        *many = true;
    }

    fn value(&mut self, kind: &Kind, bytes: &[u8], at: &mut usize, wire: u8) -> Result<(), Malformed> {
        if wire != wire_of(kind) {
            return Err(Malformed);
        }
        match kind {
            Kind::Double => self.json(&f64::from_le_bytes(fixed(bytes, at)?)),
            Kind::Float => self.json(&f32::from_le_bytes(fixed(bytes, at)?)),
            Kind::Int32 => self.number(varint(bytes, at)? as i32),
            Kind::Int64 => self.number(varint(bytes, at)? as i64),
            Kind::Uint32 => self.number(varint(bytes, at)? as u32),
            Kind::Uint64 => self.number(varint(bytes, at)?),
            Kind::Sint32 | Kind::Sint64 => {
                let zigzag = varint(bytes, at)?;
                self.number((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
            }
            Kind::Fixed32 => self.number(u32::from_le_bytes(fixed(bytes, at)?)),
            Kind::Fixed64 => self.number(u64::from_le_bytes(fixed(bytes, at)?)),
            Kind::Sfixed32 => self.number(i32::from_le_bytes(fixed(bytes, at)?)),
            Kind::Sfixed64 => self.number(i64::from_le_bytes(fixed(bytes, at)?)),
            Kind::Bool => self.json(&(varint(bytes, at)? != 0)),
            Kind::Text => self.json(std::str::from_utf8(delimited(bytes, at)?).map_err(|_| Malformed)?),
            Kind::Bytes => {
                use base64::{Engine, engine::general_purpose::STANDARD};
                self.json(STANDARD.encode(delimited(bytes, at)?).as_str())
            }
            Kind::Enum(names) => match varint(bytes, at)? as i32 {
                0 => self.json(&None::<()>),
                number => match names.name(number) {
                    Some(name) => self.json(name),
                    None => self.number(number),
                },
            },
            Kind::Timestamp => self.timestamp(delimited(bytes, at)?),
            Kind::Message(index) => self.message(*index, delimited(bytes, at)?),
        }
    }

    fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Malformed> {
        serde_json::to_writer(&mut *self.out, value).map_err(|_| Malformed)
    }

    fn number(&mut self, value: impl serde::Serialize) -> Result<(), Malformed> {
        self.json(&value)
    }

    /// RFC 3339 in UTC, with 0, 3, 6 or 9 digits behind the second.
    fn timestamp(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let (mut at, mut seconds, mut nanos) = (0, 0, 0);
        while at < bytes.len() {
            let (number, wire) = tag(bytes, &mut at)?;
            match (number, wire) {
                (1, 0) => seconds = varint(bytes, &mut at)?.cast_signed(),
                (2, 0) => nanos = u32::try_from(varint(bytes, &mut at)?).map_err(|_| Malformed)?,
                _ => skip(bytes, &mut at, wire)?,
            }
        }
        let time = chrono::DateTime::from_timestamp(seconds, nanos).ok_or(Malformed)?.naive_utc();
        let (year, month, day) = (time.year(), time.month(), time.day());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let written = write!(self.out, "\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        let fraction = match nanos {
            0 => Ok(()),
            _ if nanos % 1_000_000 == 0 => write!(self.out, ".{:03}", nanos / 1_000_000),
            _ if nanos % 1000 == 0 => write!(self.out, ".{:06}", nanos / 1000),
            _ => write!(self.out, ".{nanos:09}"),
        };
        self.out.extend_from_slice(b"Z\"");
        written.and(fraction).map_err(|_| Malformed)
    }
}

fn wire_of(kind: &Kind) -> u8 {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
        Kind::Text | Kind::Bytes | Kind::Timestamp | Kind::Message(_) => 2,
        _ => 0,
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at).ok_or(Malformed)?;
        *at += 1;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

fn tag(bytes: &[u8], at: &mut usize) -> Result<(u32, u8), Malformed> {
    let tag = u32::try_from(varint(bytes, at)?).map_err(|_| Malformed)?;
    Ok((tag >> 3, (tag & 7) as u8))
}

fn fixed<const N: usize>(bytes: &[u8], at: &mut usize) -> Result<[u8; N], Malformed> {
    let value = bytes.get(*at..).and_then(|rest| rest.first_chunk::<N>()).ok_or(Malformed)?;
    *at += N;
    Ok(*value)
}

fn delimited<'b>(bytes: &'b [u8], at: &mut usize) -> Result<&'b [u8], Malformed> {
    let length = usize::try_from(varint(bytes, at)?).map_err(|_| Malformed)?;
    let end = at.checked_add(length).ok_or(Malformed)?;
    let value = bytes.get(*at..end).ok_or(Malformed)?;
    *at = end;
    Ok(value)
}

fn skip(bytes: &[u8], at: &mut usize, wire: u8) -> Result<(), Malformed> {
    match wire {
        0 => varint(bytes, at).map(drop),
        1 => fixed::<8>(bytes, at).map(drop),
        2 => delimited(bytes, at).map(drop),
        5 => fixed::<4>(bytes, at).map(drop),
        _ => Err(Malformed),
    }
}
