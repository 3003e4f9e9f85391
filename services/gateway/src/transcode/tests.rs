use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use prost::Message as _;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, SerializeOptions, Value as Reflected,
};
use serde_json::{Value, json};

use super::*;

fn descriptor(name: &str) -> MessageDescriptor {
    proto::pool().get_message_by_name(name).unwrap()
}

fn schema_of(name: &str) -> (Schema, usize) {
    let mut schema = Schema::default();
    let index = schema.add(&descriptor(name)).unwrap();
    (schema, index)
}

fn json_of(name: &str, bytes: &[u8]) -> Value {
    let (schema, index) = schema_of(name);
    let mut out = Vec::new();
    write(&schema, index, bytes, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn read_into(name: &str, value: &Value) -> Result<DynamicMessage, Faults> {
    let (schema, index) = schema_of(name);
    let mut bytes = Vec::new();
    body(&schema, index, value, &mut bytes)?;
    Ok(DynamicMessage::decode(descriptor(name), &bytes[..]).unwrap())
}

/// A random message; `seeds` says which fields are set and to what.
fn random(message: &MessageDescriptor, seeds: &mut impl Iterator<Item = u64>, depth: usize) -> DynamicMessage {
    let mut dynamic = DynamicMessage::new(message.clone());
    if message.full_name() == "google.protobuf.Timestamp" {
        dynamic.set_field_by_name("seconds", Reflected::I64((seeds.next().unwrap_or(0) % 4_000_000_000) as i64));
        let nanos = [0, 5_000_000, 120_000, 123_456_789][seeds.next().unwrap_or(0) as usize % 4];
        dynamic.set_field_by_name("nanos", Reflected::I32(nanos));
        return dynamic;
    }
    for field in message.fields() {
        let Some(seed) = seeds.next() else { break };
        if seed % 3 == 0 || (depth == 0 && matches!(field.kind(), Kind::Message(_))) {
            continue;
        }
        let value = if field.is_list() {
            Reflected::List((0..seed % 4).map(|_| one(&field, seeds, depth)).collect())
        } else {
            one(&field, seeds, depth)
        };
        dynamic.set_field(&field, value);
    }
    dynamic
}

fn one(field: &FieldDescriptor, seeds: &mut impl Iterator<Item = u64>, depth: usize) -> Reflected {
    let seed = seeds.next().unwrap_or(0);
    match field.kind() {
        Kind::Message(inner) => Reflected::Message(random(&inner, seeds, depth.saturating_sub(1))),
        Kind::Enum(of) => {
            let all: Vec<i32> = of.values().map(|value| value.number()).collect();
            Reflected::EnumNumber(all[seed as usize % all.len()])
        }
        Kind::Bool => Reflected::Bool(seed.is_multiple_of(2)),
        Kind::Double => Reflected::F64((seed % 1_000_000) as f64 / 8.0),
        Kind::Float => Reflected::F32((seed % 1000) as f32 / 8.0),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Reflected::I32(seed as i32),
        Kind::Uint32 | Kind::Fixed32 => Reflected::U32(seed as u32),
        Kind::Uint64 | Kind::Fixed64 => Reflected::U64(seed),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Reflected::I64(seed as i64),
        Kind::Bytes => Reflected::Bytes(seed.to_le_bytes().to_vec().into()),
        Kind::String => {
            let all = ["", "和美家园", "a\"b\\c\n\u{1}", "🥌 plain", "UNSPECIFIED"];
            Reflected::String(all[seed as usize % all.len()].to_owned())
        }
    }
}

/// What prost-reflect says, in our dialect: unset is null, and so is an enum's zero.
fn expected(message: &DynamicMessage) -> Value {
    let options =
        SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false).skip_default_fields(false);
    let mut value = message.serialize_with_options(serde_json::value::Serializer, &options).unwrap();
    in_our_dialect(&message.descriptor(), &mut value);
    value
}

fn in_our_dialect(message: &MessageDescriptor, value: &mut Value) {
    let Value::Object(members) = value else { return };
    for field in message.fields() {
        let member = members.entry(field.name()).or_insert(Value::Null);
        match field.kind() {
            Kind::Message(inner) if inner.full_name() != "google.protobuf.Timestamp" => match member {
                Value::Array(items) => items.iter_mut().for_each(|item| in_our_dialect(&inner, item)),
                member => in_our_dialect(&inner, member),
            },
            Kind::Enum(of) => {
                let zero = of.default_value().name().to_owned();
                let hide = |one: &mut Value| {
                    if *one == zero {
                        *one = Value::Null;
                    }
                };
                match member {
                    Value::Array(items) => items.iter_mut().for_each(hide),
                    member => hide(member),
                }
            }
            _ => {}
        }
    }
}

#[test]
fn random_messages_look_as_prost_reflect_prints_them() {
    let all: Vec<MessageDescriptor> = proto::methods()
        .values()
        .flat_map(|method| [method.descriptor.input(), method.descriptor.output()])
        .filter(|message| message.full_name().starts_with("hemei."))
        .collect();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(400));
    let cases = (0..all.len(), vec(any::<u64>(), 0..200));
    let outcome = runner.run(&cases, |(which, seeds)| {
        let message = random(&all[which], &mut seeds.into_iter(), 3);
        let (schema, index) = schema_of(all[which].full_name());
        let mut out = Vec::new();
        write(&schema, index, &message.encode_to_vec(), &mut out).unwrap();
        let ours: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(&ours, &expected(&message));
        // and what was written is read back as the same message
        let mut bytes = Vec::new();
        body(&schema, index, &ours, &mut bytes).unwrap();
        let again = DynamicMessage::decode(all[which].clone(), &bytes[..]).unwrap();
        prop_assert_eq!(expected(&again), ours);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn random_bytes_never_panic() {
    let (schema, index) = schema_of("hemei.tickets.v1.ListTicketsResponse");
    let mut runner = TestRunner::new(ProptestConfig::with_cases(2000));
    let outcome = runner.run(&vec(any::<u8>(), 0..64), |bytes| {
        let mut out = Vec::new();
        if write(&schema, index, &bytes, &mut out).is_ok() {
            prop_assert!(serde_json::from_slice::<Value>(&out).is_ok());
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn unset_is_null_and_plain_fields_are_always_there() {
    let ticket = json_of("hemei.tickets.v1.Ticket", &[]);
    assert_eq!(ticket["ticket_id"], "");
    assert_eq!(ticket["media"], json!([]));
    assert_eq!(ticket["reopen_count"], 0);
    assert_eq!(ticket["claimed_late"], false);
    for unset in ["state", "claim_by", "department", "satisfied", "place"] {
        assert!(ticket[unset].is_null(), "{unset}");
    }
}

#[test]
fn a_field_may_come_in_any_order_and_its_last_word_counts() {
    // ticket_id twice, an unknown field 99 between
    let mut bytes = Vec::new();
    for (number, text) in [(2, "N"), (1, "first"), (99, "x"), (1, "last")] {
        prost::encoding::string::encode(number, &text.to_owned(), &mut bytes);
    }
    let ticket = json_of("hemei.tickets.v1.Ticket", &bytes);
    assert_eq!((&ticket["ticket_id"], &ticket["number"]), (&json!("last"), &json!("N")));
    assert_eq!(write::text_field(&bytes, 1), Some("last"));
    assert_eq!(write::text_field(&bytes, 3), None);
}

#[test]
fn an_enum_value_of_tomorrow_is_its_number() {
    assert_eq!(json_of("hemei.tickets.v1.Ticket", &[0x18, 0x63])["state"], 99);
}

#[test]
fn a_report_is_read_field_by_field() {
    let report = json!({
        "ticket_id": "t", "text": "冰", "media_ids": ["a", "b"], "place_id": null,
        "location": {"lng": 130.5, "lat": 47, "crs": "WGS84", "accuracy_m": 8.5},
        "captured_at": "2026-11-23T08:00:00.5+08:00",
    });
    let read = expected(&read_into("hemei.tickets.v1.ReportRequest", &report).unwrap());
    assert_eq!(read["location"], json!({"lng": 130.5, "lat": 47.0, "crs": "WGS84", "accuracy_m": 8.5}));
    assert_eq!(read["captured_at"], "2026-11-23T00:00:00.500Z");
    assert_eq!((&read["media_ids"], &read["place_id"]), (&json!(["a", "b"]), &Value::Null));
    let entry = json!({"amount_fen": 128_000});
    assert_eq!(expected(&read_into("hemei.finance.v1.RecordEntryRequest", &entry).unwrap())["amount_fen"], 128_000);
}

#[test]
fn every_fault_names_its_field() {
    let report = json!({
        "ticket_id": 7, "media_ids": ["a", 2], "location": {"lng": true, "crs": "BD09", "altitude": 1},
        "captured_at": "yesterday", "colour": "red",
    });
    let faults = read_into("hemei.tickets.v1.ReportRequest", &report).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|(field, _)| field.as_str()).collect();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    let wrong =
        ["captured_at", "colour", "location.altitude", "location.crs", "location.lng", "media_ids[1]", "ticket_id"];
    assert_eq!(sorted, wrong);
    let crs = faults.iter().find(|(field, _)| field == "location.crs").unwrap();
    assert_eq!(crs.1, "must be one of WGS84, GCJ02");
}

#[test]
fn what_is_no_object_or_no_whole_number_is_refused() {
    for value in [json!([]), json!(1), json!("x"), json!(null)] {
        assert_eq!(read_into("hemei.tickets.v1.ReportRequest", &value).unwrap_err()[0].0, "body");
    }
    for value in [
        json!(1.5),
        json!("1.5"),
        json!(true),
        json!(1e300),
        json!("9223372036854775808"),
        json!([1]),
        json!("5"),
        json!(5.0),
    ] {
        let faults = read_into("hemei.finance.v1.RecordEntryRequest", &json!({"amount_fen": value})).unwrap_err();
        assert_eq!(faults[0].0, "amount_fen");
    }
    let list = read_into("hemei.tickets.v1.ReportRequest", &json!({"media_ids": "a"})).unwrap_err();
    assert_eq!(list, [("media_ids".to_owned(), "must be a list".to_owned())]);
}

#[test]
fn text_is_no_number_and_holds_no_zero_character() {
    for (field, change) in [
        ("location.lng", json!({"location": {"lng": "130.2"}})),
        ("text", json!({"text": "a\u{0}b"})),
        ("media_ids[0]", json!({"media_ids": ["\u{0}"]})),
    ] {
        assert_eq!(read_into("hemei.tickets.v1.ReportRequest", &change).unwrap_err()[0].0, field);
    }
    let quantity = json!({"quantity": "1"});
    assert_eq!(read_into("hemei.incentives.v1.RedeemRequest", &quantity).unwrap_err()[0].0, "quantity");
}

#[test]
fn parameters_are_typed_by_their_fields() {
    let (schema, index) = schema_of("hemei.tickets.v1.ListTicketsRequest");
    let set = |name: &str, text: &str| {
        let mut bytes = Vec::new();
        parameter(&schema, index, name, text, &mut bytes)?;
        Ok(expected(&DynamicMessage::decode(descriptor("hemei.tickets.v1.ListTicketsRequest"), &bytes[..]).unwrap()))
    };
    assert_eq!(set("state", "POOL").unwrap()["state"], "POOL");
    assert_eq!(set("mine", "true").unwrap()["mine"], true);
    assert_eq!(set("page_size", "20").unwrap()["page_size"], 20);
    for (name, text) in [
        ("state", "NOWHERE"),
        ("mine", "perhaps"),
        ("page_size", "x"),
        ("colour", "red"),
        ("state.x", "1"),
        ("page_token", "\0"),
    ] {
        let faults: Faults = set(name, text).unwrap_err();
        assert_eq!(faults[0].0, name);
    }
}

#[test]
fn a_parameter_reaches_a_field_of_a_field() {
    let name = "hemei.tickets.v1.ReportRequest";
    let (schema, index) = schema_of(name);
    let mut bytes = Vec::new();
    parameter(&schema, index, "location.crs", "WGS84", &mut bytes).unwrap();
    parameter(&schema, index, "location.lng", "130.5", &mut bytes).unwrap();
    let read = expected(&DynamicMessage::decode(descriptor(name), &bytes[..]).unwrap());
    assert_eq!((&read["location"]["crs"], &read["location"]["lng"]), (&json!("WGS84"), &json!(130.5)));
    assert!(parameter(&schema, index, "location", "1", &mut bytes).is_err());
}
