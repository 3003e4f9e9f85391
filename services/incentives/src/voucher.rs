//! Codes of a shop that members get for points. What holds codes has no Debug: they are never logged.
use std::collections::HashSet;

use chassis::{text::is_plain, vault::Vault};
use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

/// The name of the column that codes are sealed for.
pub const CODE: &str = "voucher.code";
/// The name of the column that knows an import again.
const IMPORT: &str = "voucher_import.body";
/// The most codes of one call.
pub const MOST: usize = 1000;
/// What a code must be.
pub const RULE: &str = "must have 4 to 64 printable characters";

/// A code as it is written on the voucher, with the last day on which it is good.
#[derive(Clone)]
pub struct Code {
    text: String,
    pub valid_until: Option<NaiveDate>,
}

impl Code {
    /// The code without the blanks around it; nothing where it is none.
    pub fn new(text: &str, valid_until: Option<NaiveDate>) -> Option<Self> {
        let text = text.trim();
        let good = (4..=64).contains(&text.chars().count()) && is_plain(text);
        good.then(|| Self { text: text.to_owned(), valid_until })
    }
}

/// Whether a last day can be meant: a code of a past one would be of no use to anybody.
pub fn is_to_come(day: NaiveDate, today: NaiveDate) -> bool {
    day >= today && day.year() <= 2100
}

/// Codes that are to be added to a prize, once under their id.
pub struct VoucherCodes {
    pub import_id: Uuid,
    pub prize_id: Uuid,
    pub codes: Vec<Code>,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub import_id: Uuid,
    pub added: i32,
    /// Which codes were there already, counted from 0.
    pub known: Vec<i32>,
}

/// Where codes are that were to be withdrawn, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// How many are withdrawn, now or before.
    pub withdrawn: i32,
    /// Those that a member has got, or whose last day was over.
    pub kept: Vec<i32>,
    /// Those that the prize never had.
    pub unknown: Vec<i32>,
}

/// One row of a file of codes, as written there.
#[derive(Clone, Default)]
pub struct VoucherRow {
    pub line: usize,
    pub name: String,
    pub pickup_place_path: String,
    pub code: String,
    /// Empty: for ever.
    pub valid_until: String,
}

/// Codes as they are stored.
pub struct SealedCodes {
    /// Where each stands in the import; one that stands there twice is here once.
    pub numbers: Vec<i32>,
    pub sealed: Vec<Vec<u8>>,
    pub blinds: Vec<Vec<u8>>,
    pub last_days: Vec<Option<NaiveDate>>,
    /// Every value the index may hold of a code, with where it stands.
    pub tried: (Vec<i32>, Vec<Vec<u8>>),
    /// Those that stood before in the import.
    pub repeated: Vec<i32>,
    /// Every value by which the import is known again, the newest first.
    pub bodies: Vec<Vec<u8>>,
}

impl SealedCodes {
    pub fn of(vault: &Vault, wanted: &VoucherCodes) -> Self {
        let mut body = wanted.prize_id.to_string();
        let (numbers, sealed, blinds, last_days) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut of = Self {
            numbers,
            sealed,
            blinds,
            last_days,
            tried: Default::default(),
            repeated: Vec::new(),
            bodies: Vec::new(),
        };
        let mut seen = HashSet::new();
        for (number, code) in (0..).zip(&wanted.codes) {
            body.push_str(&format!("\n{}\t{:?}", code.text, code.valid_until));
            if !seen.insert(code.text.as_str()) {
                of.repeated.push(number);
                continue;
            }
            of.numbers.push(number);
            of.sealed.push(vault.seal(CODE, &code.text));
            of.blinds.push(vault.blind(CODE, &code.text));
            of.last_days.push(code.valid_until);
            for blind in vault.blinds(CODE, &code.text) {
                of.tried.0.push(number);
                of.tried.1.push(blind);
            }
        }
        of.bodies = vault.blinds(IMPORT, &body);
        of
    }
}

/// Every value the index may hold of some codes, with where each stands.
pub fn tried(vault: &Vault, codes: &[Code]) -> (Vec<i32>, Vec<Vec<u8>>) {
    let values = (0..)
        .zip(codes)
        .flat_map(|(number, code)| vault.blinds(CODE, &code.text).into_iter().map(move |blind| (number, blind)));
    values.unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_short_and_can_be_read() {
        for good in ["A1B2", " 早餐-0001 ", &"x".repeat(64)] {
            assert!(Code::new(good, None).is_some(), "{good}");
        }
        for wrong in ["", "abc", "   a ", "ab\ncd", "ab\u{202e}cd", &"x".repeat(65)] {
            assert!(Code::new(wrong, None).is_none(), "{wrong:?}");
        }
    }
}
