//! What a photo looks like in 64 bits: brightness compared along 8 rows of 9 fields. A picture that was scaled or compressed again
//! keeps nearly all of them.
use ring::digest;

use super::decode::{Picture, decode};

const ROWS: usize = 8;
const COLUMNS: usize = 9;

/// What tells the same picture again.
#[derive(Debug, PartialEq, Eq)]
pub struct Fingerprint {
    pub sha256: Vec<u8>,
    /// None for what is broken, too small or too large.
    pub look: Option<i64>,
}

/// The fingerprint of a photo.
pub fn fingerprint(bytes: &[u8]) -> Fingerprint {
    Fingerprint { sha256: digest::digest(&digest::SHA256, bytes).as_ref().to_vec(), look: look(bytes) }
}

fn look(bytes: &[u8]) -> Option<i64> {
    let Picture { width, height, pixels } = decode(bytes)?;
    if width < COLUMNS || height < ROWS {
        return None;
    }
    let brightness = |row: usize, column: usize| {
        let span = |of: usize, parts: usize, at: usize| (of * at / parts, of * (at + 1) / parts);
        let ((top, bottom), (left, right)) = (span(height, ROWS, row), span(width, COLUMNS, column));
        let field = (top..bottom).filter_map(|line| pixels.get(line * width + left..line * width + right));
        let (sum, many) =
            field.flatten().fold((0_u64, 0_u64), |(sum, many), pixel| (sum + u64::from(*pixel), many + 1));
        sum / many.max(1)
    };
    let mut bits = 0_u64;
    for row in 0..ROWS {
        let fields: Vec<u64> = (0..COLUMNS).map(|column| brightness(row, column)).collect();
        for pair in fields.windows(2) {
            bits = bits << 1 | u64::from(pair[0] > pair[1]);
        }
    }
    Some(bits.cast_signed())
}

#[cfg(test)]
pub mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::*;

    /// A picture; the same at two thirds of its size and a lower quality; another one.
    pub const PICTURE: &str = concat!(
        "/9j/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSopGR8tMC0oMCUoKSj/wAAL",
        "CABIAGABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEG",
        "E1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4",
        "eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6",
        "/9oACAEBAAA/APJpdFeRvumrVh4XLuMp+ld34c8IjcuY/wBK9Z8M+F44wmUH5V6NpmlxQIPlFWrqSKBD0rjtd1eOMNhhXneta8u5",
        "sNXLz6zufhqmtNQLEc1vWd0SBzV1rohetcnHoyZ+6K19O0qNWHyiuy0e1ij28CuwsJ44VHSrNzrSRIcMK4/XvEwVWw/615j4h8TF",
        "i2H/AFrhL/WXlc/MaitZ3lccmuq0mJ2xXWWUDBRU9wCqGqzXCA9qmgvlU9a1bbVQuOatnWyF4asjUtdbacNXEa1q7vu+Y1xeoXEk",
        "rHk1Vgtnlfoa6nRdKZiuVrvdI0vaq5FdAtsI06VkarIEU1x0l8SetEV4xPWtCC6Y96smZyOpqjd72B61hXlszk8VSGmlm6VsabpH",
        "zDK12ekaYqAfLXUW0CxoOKr6hcLGh5rhtf1AANzXOmJiatW0BJFbFpak44rTjs+OlMlsuOlUpbEZ6U2OyUHpWtZW6rjity2KoBUk",
        "94EU81zGsajw3NcDrV6XLc10ZgG6rlpAMjit2ztxgcVqJbjHSopogB0rNnUA1VLAGpopgKn+14HWqF7ffKea5bVLotnmuWvCXY13",
        "QlDNWpYDcRXSWMXA4rSEeFqjd8A1hXkoBNZUtxg9aYLr3oa6461RurgkHmsO8fdms1k3NXUWW6RhXXaRalscV1tla4UcVPOgRa57",
        "VJgoPNcjqV6ATzWHNfDPWmJd571MJ8jrUUrkiqMwyaiSPJruNF08sV4rvdI08KoyK3RGsaVi6tdrGp5rz/XtVVd3zVwmpatlj81Z",
        "X28u3Wr1pMXxWxbqWAqwYiRULwn0pqQ81//Z",
    );
    const AGAIN: &str = concat!(
        "/9j/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wAAL",
        "CAAwAEABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEG",
        "E1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4",
        "eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6",
        "/9oACAEBAAA/AKH2MselXLWwGRkVs2tqiAcVZd0jWs66uwM4NZr3W49akikJqwGOKYNoNTRyKtTG6wOtU7m8JB5rMmlZzRDGzGtK",
        "CHAqSQbRVLzDmnoxp5yRUMkZNNWDJq3BCBVrhRVO5m4NQhOanjjqby+KYyimjANSB8VHLLxVCZyxqypyatxLUpGBVeVsVAZOaTzK",
        "jds1ARk1ft4ia0I49oqKdworNnnGetVvNyalUk0pBpNvNf/Z",
    );
    pub const OTHER: &str = concat!(
        "/9j/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wAAL",
        "CAAwAEABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEG",
        "E1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4",
        "eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6",
        "/9oACAEBAAA/AJoYlXk1K0wQcVTmuCx4NRDLGpRhRTJJcVVdixoVKvPcY6VA0hY0KmetScKKjeSosFqcEp4WolBY1YSKnNhRULtm",
        "kVCalCYpduangtyx6VHDBgdKkYBRVWRsmmquTVhI6kEealigyauxoqCqrKEWqc8lVx8xq1DDntVpYsCnBAKd5ioKrz3eBwabdTgZ",
        "AqgSXardtbk9q0EiCimySKtVJLn0NV3nLVEQWr//2Q==",
    );

    fn look_of(picture: &str) -> i64 {
        fingerprint(&STANDARD.decode(picture).unwrap()).look.unwrap()
    }

    #[test]
    fn a_picture_is_known_again_when_scaled_and_compressed_and_another_is_not() {
        let differ = |other: &str| (look_of(PICTURE) ^ look_of(other)).count_ones();
        assert!(differ(AGAIN) <= 8, "{} bits", differ(AGAIN));
        assert!(differ(OTHER) > 16, "{} bits", differ(OTHER));
    }

    #[test]
    fn what_is_no_picture_has_a_hash_and_no_look() {
        let print = fingerprint(b"not a picture");
        assert_eq!((print.sha256.len(), print.look), (32, None));
        let cut = STANDARD.decode(PICTURE).unwrap();
        assert_eq!(fingerprint(&cut[..20]).look, None);
    }
}
