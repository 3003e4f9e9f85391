//! A mainland mobile number.
use crate::error::Error;

/// Eleven digits beginning with 1.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it: with spaces, hyphens or +86.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}' | '\u{3000}')).collect();
        let digits = digits.strip_prefix("+86").or(digits.strip_prefix("0086")).unwrap_or(&digits);
        let good = digits.len() == 11 && digits.starts_with('1') && digits.bytes().all(|b| b.is_ascii_digit());
        if good { Ok(Self(digits.to_owned())) } else { Err(Error::PhoneInvalid) }
    }

    /// All digits, for sealing and sending only.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// "199****0017".
    pub fn masked(&self) -> String {
        format!("{}****{}", &self.0[..3], &self.0[7..])
    }

    /// The name of a person of whom nothing else is known: "居民0017".
    pub fn stand_in_name(&self) -> String {
        format!("居民{}", &self.0[7..])
    }
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for text in ["19900000017", "+8619900000017", "199 0000 0017", "+86 199-0000-0017", "008619900000017"] {
            assert_eq!(Phone::parse(text).unwrap().digits(), "19900000017", "{text}");
        }
        for text in
            ["", "1990000001", "199000000170", "29900000017", "1990000001a", "１９９００００００１７", "+119900000017"]
        {
            assert!(Phone::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_is_masked_wherever_it_is_shown() {
        let phone = Phone::parse("19900000017").unwrap();
        assert_eq!((phone.masked().as_str(), format!("{phone:?}").as_str()), ("199****0017", "199****0017"));
    }
}
