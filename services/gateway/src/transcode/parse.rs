//! JSON text to a value that is what it says: no key twice, no number out of range.
use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Faults;

/// What is not one value of JSON.
#[derive(Debug, PartialEq, Eq)]
pub enum NotJson {
    /// Fields that cannot be what they say.
    Fields(Faults),
    /// No JSON at all, and why.
    Text(String),
}

/// The value of a JSON text.
pub fn parse(text: &str) -> Result<Value, NotJson> {
    let found = Found::default();
    let mut source = serde_json::Deserializer::from_str(text);
    let value = One(&found).deserialize(&mut source).and_then(|value| source.end().map(|()| value));
    let mut faults = found.faults.into_inner();
    match value {
        Ok(value) if faults.is_empty() => Ok(value),
        Ok(_) => Err(NotJson::Fields(faults)),
        // the path still stands where the reader stopped
        Err(error) if error.to_string().starts_with("number out of range") => {
            let path = found.path.into_inner();
            faults.push((if path.is_empty() { "body".to_owned() } else { path }, "number out of range".to_owned()));
            Err(NotJson::Fields(faults))
        }
        Err(error) => Err(NotJson::Text(error.to_string())),
    }
}

/// Where the reader is, and what it found wrong.
#[derive(Default)]
struct Found {
    path: RefCell<String>,
    faults: RefCell<Faults>,
}

/// One value.
#[derive(Clone, Copy)]
struct One<'a>(&'a Found);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Value;

    fn expecting(&self, form: &mut fmt::Formatter<'_>) -> fmt::Result {
        form.write_str("a JSON value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, whole: i64) -> Result<Value, E> {
        Ok(Value::Number(whole.into()))
    }

    fn visit_u64<E>(self, whole: u64) -> Result<Value, E> {
        Ok(Value::Number(whole.into()))
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Value, E> {
        Number::from_f64(float).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let length = self.0.path.borrow().len();
        loop {
            self.0.path.borrow_mut().push_str(&format!("[{}]", items.len()));
            let item = source.next_element_seed(self)?;
            self.0.path.borrow_mut().truncate(length);
            match item {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        let length = self.0.path.borrow().len();
        while let Some(name) = source.next_key::<String>()? {
            if length > 0 {
                self.0.path.borrow_mut().push('.');
            }
            self.0.path.borrow_mut().push_str(&name);
            let value = source.next_value_seed(self)?;
            if members.insert(name, value).is_some() {
                let path = self.0.path.borrow().clone();
                self.0.faults.borrow_mut().push((path, "given more than once".to_owned()));
            }
            self.0.path.borrow_mut().truncate(length);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(text: &str) -> String {
        match parse(text) {
            Err(NotJson::Fields(faults)) => faults[0].0.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_is_read_as_it_stands() {
        let text = r#"{"a": [1, -2, 1.5, "x", null, true], "b": {"c": 18446744073709551615}}"#;
        assert_eq!(parse(text), Ok(serde_json::from_str(text).unwrap()));
        assert_eq!(parse("7"), Ok(json!(7)));
    }

    #[test]
    fn a_key_given_twice_is_named() {
        assert_eq!(fault(r#"{"a": 1, "b": 2, "a": 1}"#), "a");
        assert_eq!(fault(r#"{"at": {"lng": 1, "lng": 2}}"#), "at.lng");
        assert_eq!(fault(r#"{"all": [{}, {"x": 1, "x": 1}]}"#), "all[1].x");
    }

    #[test]
    fn a_number_out_of_range_is_named() {
        assert_eq!(fault(r#"{"amount_fen": 1e999}"#), "amount_fen");
        assert_eq!(fault(r#"{"at": {"lat": 1, "lng": -1e400}}"#), "at.lng");
    }

    #[test]
    fn what_is_no_json_says_where() {
        for text in ["", "{", "{} {}", r#"{"a": NaN}"#, &"[".repeat(200)] {
            assert!(matches!(parse(text), Err(NotJson::Text(_))), "{text}");
        }
    }
}
