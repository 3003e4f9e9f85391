//! Keyset paging: a page token is the position of the last row, so a page costs the same however far it is.
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::faults::Fault;

const DEFAULT: i64 = 50;
const MOST: i32 = 200;
/// Longer tokens are refused unread.
const LONGEST: usize = 1024;

/// The page token of a position, for example `(created_at, id)` of the last row.
#[expect(clippy::expect_used, reason = "a position is a plain tuple or struct of ours")]
pub fn encode(position: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).expect("a position has a JSON form"))
}

/// The position in a page token. The token is not signed: it moves within what the caller may see anyway. Its texts are such
/// as the database can compare with; a position in time is to go through [`instant`].
pub fn decode<T: DeserializeOwned>(token: &str) -> Result<T, Fault> {
    let bytes = if token.len() > LONGEST { None } else { URL_SAFE_NO_PAD.decode(token).ok() };
    let value = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).filter(has_no_nul);
    value.and_then(|value| serde_json::from_value(value).ok()).ok_or_else(refused)
}

/// A position in time, if it lies in the years 1 to 9999: other instants are not the database's.
pub fn instant(at: DateTime<Utc>) -> Result<DateTime<Utc>, Fault> {
    if (1..=9999).contains(&at.year()) { Ok(at) } else { Err(refused()) }
}

fn refused() -> Fault {
    Fault::field_reason("PAGE_TOKEN_INVALID", "page_token", "must be a next_page_token of the same list")
}

/// PostgreSQL has no text with this character.
fn has_no_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(values) => values.iter().all(has_no_nul),
        Value::Object(fields) => fields.iter().all(|(name, value)| !name.contains('\0') && has_no_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Where the asked page begins: none for the empty token of a first page.
pub fn after<T: DeserializeOwned>(token: &str) -> Result<Option<T>, Fault> {
    if token.is_empty() { Ok(None) } else { decode(token).map(Some) }
}

/// The rows of a page: 50 where the caller does not say.
pub fn page_size(requested: i32) -> Result<i64, Fault> {
    match requested {
        0 => Ok(DEFAULT),
        1..=MOST => Ok(i64::from(requested)),
        _ => Err(Fault::field("page_size", format!("must be from 1 to {MOST}, or 0 for {DEFAULT}"))),
    }
}

/// Cuts a list that was read one row too long; answers the token of the next page, empty on the last.
pub fn cut<T, P: Serialize>(rows: &mut Vec<T>, size: i64, position: impl Fn(&T) -> P) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return String::new();
    }
    rows.truncate(size);
    rows.last().map(|last| encode(&position(last))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn a_position_survives_its_token(at in any::<i64>(), id in any::<u128>()) {
            let position = (at, Uuid::from_u128(id));
            let token = encode(&position);
            prop_assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            prop_assert_eq!(decode::<(i64, Uuid)>(&token).unwrap(), position);
            prop_assert_eq!(after::<(i64, Uuid)>(&token).unwrap(), Some(position));
        }

        #[test]
        fn no_text_makes_a_token_panic(token in any::<String>()) {
            let _ = decode::<(i64, Uuid)>(&token);
        }
    }

    #[test]
    fn a_foreign_token_is_refused_by_field() {
        for token in ["x", "!", &encode(&"another list"), &"A".repeat(LONGEST + 1)] {
            let fault = decode::<(i64, Uuid)>(token).unwrap_err();
            assert_eq!((fault.reason, fault.fields[0].0.as_str()), ("PAGE_TOKEN_INVALID", "page_token"));
        }
        assert_eq!(after::<(i64, Uuid)>("").unwrap(), None);
    }

    #[test]
    fn what_the_database_cannot_compare_with_is_refused() {
        assert_eq!(decode::<String>(&encode(&"a\0")).unwrap_err().reason, "PAGE_TOKEN_INVALID");
        assert_eq!(decode::<(i64, String)>(&encode(&(1, "\0"))).unwrap_err().reason, "PAGE_TOKEN_INVALID");
        assert_eq!(
            decode::<Value>(&encode(&serde_json::json!({"a": ["\0"]}))).unwrap_err().reason,
            "PAGE_TOKEN_INVALID"
        );
        assert_eq!(decode::<String>(&encode(&"gn.xy")).unwrap(), "gn.xy");
        for far in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
            assert_eq!(instant(far).unwrap_err().reason, "PAGE_TOKEN_INVALID");
        }
        assert_eq!(instant(DateTime::UNIX_EPOCH).unwrap(), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn a_page_has_one_to_two_hundred_rows() {
        assert_eq!([0, 1, 200].map(|size| page_size(size).unwrap()), [50, 1, 200]);
        for size in [-1, 201, i32::MAX, i32::MIN] {
            let fault = page_size(size).unwrap_err();
            assert_eq!(fault.fields[0].0, "page_size");
            assert!(fault.fields[0].1.contains("200"));
        }
    }
}
