//! Keys as files hold them: PEM, and within it just enough of DER for ring.
use base64::{Engine, engine::general_purpose::STANDARD};

/// The bytes between `-----BEGIN label-----` and its end.
pub fn decode(text: &str, label: &str) -> Option<Vec<u8>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let body = text.split_once(&begin)?.1.split_once(&end)?.0;
    STANDARD.decode(body.split_whitespace().collect::<String>()).ok()
}

/// The key itself out of a SubjectPublicKeyInfo: ring takes the bare RSAPublicKey.
pub fn public_key(info: &[u8]) -> Option<Vec<u8>> {
    let (info, _) = element(info, 0x30)?;
    let (_algorithm, rest) = element(info, 0x30)?;
    let (bits, _) = element(rest, 0x03)?;
    // a bit string begins with the number of bits left over
    let (0, key) = bits.split_first().map(|(unused, key)| (*unused, key))? else { return None };
    Some(key.to_vec())
}

/// The contents of an element with this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?)), rest.get(2..)?),
        _ => return None,
    };
    (rest.len() >= length).then(|| rest.split_at(length))
}
