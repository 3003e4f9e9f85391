//! Prizes, and the rows they are imported from.
use std::ops::RangeInclusive;

use chassis::text::is_plain;
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use crate::opening::Opening;

/// What a prize is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Pieces that are picked up.
    #[default]
    Goods,
    /// Codes of a shop, each good once.
    Voucher,
}

impl Kind {
    /// The name in tables and files.
    pub fn code(self) -> &'static str {
        match self {
            Self::Goods => "GOODS",
            Self::Voucher => "VOUCHER",
        }
    }
}

/// Something points can be exchanged for.
#[derive(Clone, Debug)]
pub struct Prize {
    pub prize_id: Uuid,
    pub name: String,
    pub kind: Kind,
    pub points: i64,
    pub stock: i64,
    pub pickup_place_id: Uuid,
    pub pickup_place_name: String,
    pub hold_hours: i32,
    pub pickup_hours: String,
    pub per_person_month: i32,
    pub active: bool,
    /// Whose codes a voucher's are.
    pub shop: String,
    /// In their order.
    pub photos: Vec<Uuid>,
    pub pickup_points: Json<Vec<Shelf>>,
}

/// A pick-up point, as people find it.
#[derive(Clone, Debug, Deserialize)]
pub struct PickUpPoint {
    pub place_id: Uuid,
    pub place_path: String,
    pub name: String,
    pub address: String,
    pub phone: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub opening: Opening,
}

/// A pick-up point with what is left of a prize there.
#[derive(Clone, Debug, Deserialize)]
pub struct Shelf {
    #[serde(flatten)]
    pub point: PickUpPoint,
    pub stock: i64,
}

/// What is said of a pick-up point.
#[derive(Clone, Debug)]
pub struct PointEdit {
    pub place_id: Uuid,
    pub name: String,
    pub address: String,
    pub phone: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub opening: Opening,
}

/// What can be changed of a prize.
#[derive(Clone, Debug)]
pub struct PrizeEdit {
    pub prize_id: Uuid,
    pub points: i64,
    pub hold_hours: i32,
    pub pickup_hours: String,
    pub per_person_month: i32,
    /// Unset: those it has.
    pub photos: Option<Vec<Uuid>>,
    /// Unset: the one it has.
    pub shop: Option<String>,
    pub active: bool,
}

/// What was counted at a pick-up point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockTake {
    pub stock_take_id: Uuid,
    pub prize_id: Uuid,
    /// Unset: at the first pick-up point.
    pub place_id: Option<Uuid>,
    pub counted: i64,
    pub expected: i64,
    pub note: String,
    pub by_id: Uuid,
}

/// One row of the import file, as written there.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PrizeRow {
    /// The line of the file, for messages.
    #[serde(skip)]
    pub line: usize,
    pub name: String,
    pub points: String,
    /// Pieces supplied so far, not pieces left: importing a file twice supplies nothing twice. Of a voucher 0 or empty: its codes
    /// are counted.
    pub stock: String,
    pub pickup_place_path: String,
    /// Empty: 72.
    #[serde(default)]
    pub hold_hours: String,
    /// Empty: GOODS.
    #[serde(default)]
    pub kind: String,
}

/// What is wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    pub line: usize,
    pub field: &'static str,
    pub zh: String,
    pub en: String,
}

/// A row whose values are within their ranges.
#[derive(Clone, Debug)]
pub struct Supply {
    pub line: usize,
    pub name: String,
    pub points: i64,
    pub supplied: i64,
    pub pickup_place_path: String,
    pub hold_hours: i32,
    pub kind: Kind,
}

impl PrizeRow {
    /// The row's values, or everything that is wrong with it.
    pub fn check(&self) -> Result<Supply, Vec<RowError>> {
        let mut wrong = Vec::new();
        let name = self.name.trim();
        if !(1..=60).contains(&name.chars().count()) || !is_plain(name) {
            let zh = "名称须为 1 到 60 个字，不含控制字符";
            let en = "must have 1 to 60 characters, none of them a control character or one that turns the text";
            wrong.push(self.wrong("name", zh, en));
        }
        let points = self.number("points", &self.points, 1..=1_000_000, &mut wrong);
        let kind = self.kind(&mut wrong);
        let supplied = match (kind, self.stock.trim()) {
            (Kind::Voucher, "" | "0") => 0,
            (Kind::Voucher, _) => {
                wrong.push(self.wrong(
                    "stock",
                    "券类的库存由券码决定，须为 0 或空",
                    "must be 0 or empty: the codes of a voucher are its stock",
                ));
                0
            }
            (Kind::Goods, text) => self.number("stock", text, 0..=1_000_000, &mut wrong),
        };
        let hold_hours = match self.hold_hours.trim() {
            "" => 72,
            text => self.number("hold_hours", text, 1..=2160, &mut wrong),
        };
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let (name, pickup_place_path) = (name.to_owned(), self.pickup_place_path.trim().to_owned());
        let hold_hours = i32::try_from(hold_hours).unwrap_or(72);
        Ok(Supply { line: self.line, name, points, supplied, pickup_place_path, hold_hours, kind })
    }

    fn kind(&self, wrong: &mut Vec<RowError>) -> Kind {
        match self.kind.trim() {
            "" | "GOODS" => Kind::Goods,
            "VOUCHER" => Kind::Voucher,
            text => {
                let zh = format!("须为 GOODS（实物）或 VOUCHER（券码），现为“{text}”");
                wrong.push(self.wrong("kind", &zh, &format!("must be GOODS or VOUCHER, not \"{text}\"")));
                Kind::Goods
            }
        }
    }

    fn number(&self, field: &'static str, text: &str, range: RangeInclusive<i64>, wrong: &mut Vec<RowError>) -> i64 {
        let value = text.trim().parse().ok().filter(|value| range.contains(value));
        value.unwrap_or_else(|| {
            let (from, to) = (range.start(), range.end());
            let zh = format!("须为 {from} 到 {to} 之间的整数，现为“{text}”");
            wrong.push(self.wrong(field, &zh, &format!("must be a whole number from {from} to {to}, not \"{text}\"")));
            0
        })
    }

    fn wrong(&self, field: &'static str, zh: &str, en: &str) -> RowError {
        RowError { line: self.line, field, zh: zh.to_owned(), en: en.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_with_a_row_is_told_at_once() {
        let row =
            PrizeRow { line: 7, points: "0".into(), stock: "x".into(), hold_hours: "0".into(), ..PrizeRow::default() };
        let wrong = row.check().unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|wrong| (wrong.line, wrong.field)).collect();
        assert_eq!(fields, [(7, "name"), (7, "points"), (7, "stock"), (7, "hold_hours")]);
    }

    #[test]
    fn a_voucher_has_no_stock_but_its_codes() {
        let row = |kind: &str, stock: &str| {
            let (name, points) = ("早餐券".to_owned(), "30".to_owned());
            let (kind, stock) = (kind.to_owned(), stock.to_owned());
            PrizeRow { line: 1, name, points, stock, kind, ..PrizeRow::default() }
        };
        for stock in ["", "0"] {
            let supply = row("VOUCHER", stock).check().unwrap();
            assert_eq!((supply.kind, supply.supplied), (Kind::Voucher, 0));
        }
        assert_eq!(row("VOUCHER", "5").check().unwrap_err()[0].field, "stock");
        assert_eq!(row("", "").check().unwrap_err()[0].field, "stock");
        assert_eq!(row("voucher", "0").check().unwrap_err()[0].field, "kind");
    }

    #[test]
    fn a_name_shows_as_what_it_is() {
        for name in ["手\u{202e}套", "手\u{0}套", "手\n套"] {
            let (name, points, stock) = (name.to_owned(), "10".to_owned(), "1".to_owned());
            let row = PrizeRow { line: 1, name, points, stock, ..PrizeRow::default() };
            assert_eq!(row.check().unwrap_err()[0].field, "name");
        }
    }
}
