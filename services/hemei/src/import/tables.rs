//! The kinds of tables, and their rows as they stand in the file.
use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use incentives::{PrizeRow, VoucherRow};
use residents::import::{self, DepartmentRow, PersonRow, PlaceRow, PostRow, Target};

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// path,name,level,boundary  (boundary: "lng lat;lng lat;…" GCJ-02, or empty)
    Places,
    /// code,name
    Departments,
    /// phone,name
    People,
    /// phone,role,place_path,department_code,from_date,until_date
    Posts,
    /// name,points,stock,pickup_place_path,hold_hours,kind  (kind: GOODS or VOUCHER)
    Prizes,
    /// name,pickup_place_path,code,valid_until  (codes of vouchers)
    Vouchers,
}

impl Kind {
    /// The columns, those that must be there first.
    pub fn columns(self) -> Columns {
        match self {
            Self::Places => (&["path", "name", "level"], &["boundary"]),
            Self::Departments => (&["code", "name"], &[]),
            Self::People => (&["phone", "name"], &[]),
            Self::Posts => (&["phone", "role", "place_path"], &["department_code", "from_date", "until_date"]),
            Self::Prizes => (&["name", "points", "stock", "pickup_place_path"], &["hold_hours", "kind"]),
            Self::Vouchers => (&["name", "pickup_place_path", "code"], &["valid_until"]),
        }
    }
}

/// The columns of a table, those that must be there first.
pub type Columns = (&'static [&'static str], &'static [&'static str]);

/// The rows of a file, and the lines that are none.
pub struct Table {
    pub rows: Vec<Row>,
    pub wrong: Vec<Wrong>,
}

/// A line with its values by column.
#[derive(Clone, Debug)]
pub struct Row {
    pub line: usize,
    pub values: HashMap<&'static str, String>,
}

impl Row {
    fn take(&self, column: &str) -> String {
        self.values.get(column).cloned().unwrap_or_default()
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug)]
pub struct Wrong {
    pub line: usize,
    field: String,
    zh: String,
    en: String,
}

impl Wrong {
    /// "第 7 行 level: 级别须为 … / …"
    pub fn text(&self) -> String {
        format!("第 {} 行 line {}, {}: {} / {}", self.line, self.line, self.field, self.zh, self.en)
    }
}

impl From<import::RowError> for Wrong {
    fn from(error: import::RowError) -> Self {
        Self { line: error.line, field: error.field.to_owned(), zh: error.zh, en: error.en }
    }
}

impl From<tickets::ops::RowError> for Wrong {
    fn from(error: tickets::ops::RowError) -> Self {
        Self { line: error.line, field: error.field.to_owned(), zh: error.zh, en: error.en }
    }
}

impl From<incentives::RowError> for Wrong {
    fn from(error: incentives::RowError) -> Self {
        Self { line: error.line, field: error.field.to_owned(), zh: error.zh, en: error.en }
    }
}

/// Reads a file; fails only where nothing of it can be understood.
pub fn read(wanted: Columns, path: &Path) -> Result<Table> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("{shown} 读不到 / cannot be read"))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().with_context(|| format!("{shown} 首行读不懂 / first line"))?.clone();
    let columns = columns(wanted, &header).with_context(|| format!("{shown}"))?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    let mut lines = Lines { bytes, passed: 0, line: 1 };
    for record in reader.records() {
        let position = record.as_ref().map_or_else(csv::Error::position, csv::StringRecord::position);
        let line = lines.of(position.map_or(0, csv::Position::byte));
        match record {
            Ok(record) if record.len() == header.len() => {
                let value =
                    |(name, index): &(&'static str, usize)| (*name, record.get(*index).unwrap_or_default().to_owned());
                rows.push(Row { line, values: columns.iter().map(value).collect() });
            }
            Ok(record) => wrong.push(Wrong {
                line,
                field: "-".to_owned(),
                zh: format!("有 {} 列，应为 {} 列", record.len(), header.len()),
                en: format!("{} columns where there should be {}", record.len(), header.len()),
            }),
            Err(error) => wrong.push(Wrong {
                line,
                field: "-".to_owned(),
                zh: "不是 UTF-8 的 CSV".to_owned(),
                en: format!("not CSV in UTF-8: {error}"),
            }),
        }
    }
    Ok(Table { rows, wrong })
}

/// Counts lines: the reader's own count is one behind after a line that ends as Windows ends lines.
struct Lines<'a> {
    bytes: &'a [u8],
    passed: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of the record that begins at this byte or after the line ends there.
    fn of(&mut self, byte: u64) -> usize {
        let rest = |from: usize| self.bytes.get(from..).unwrap_or_default();
        let byte = usize::try_from(byte).unwrap_or(0).max(self.passed);
        let begin = byte + rest(byte).iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let skipped = &rest(self.passed)[..begin.min(self.bytes.len()) - self.passed];
        self.line += skipped.iter().filter(|byte| **byte == b'\n').count();
        self.passed = begin.min(self.bytes.len());
        self.line
    }
}

/// Which column stands where.
fn columns((needed, others): Columns, header: &csv::StringRecord) -> Result<Vec<(&'static str, usize)>> {
    let place = |name: &&'static str| Some((*name, header.iter().position(|column| column == *name)?));
    let known: Vec<_> = needed.iter().chain(others).filter_map(place).collect();
    let missing: Vec<_> =
        needed.iter().filter(|name| !known.iter().any(|(known, _)| known == *name)).copied().collect();
    let unknown: Vec<_> = header.iter().filter(|column| !known.iter().any(|(known, _)| known == column)).collect();
    if !missing.is_empty() || !unknown.is_empty() {
        let list = [needed, others].concat().join(",");
        bail!(
            "首行应为 / the first line should be: {list}; 缺少 missing: {}; 多余 unknown: {}",
            missing.join(","),
            unknown.join(",")
        );
    }
    Ok(known)
}

/// Imports rows; answers what is wrong with which of them.
pub async fn put(kind: Kind, target: &Target<'_>, rows: &[Row]) -> Result<Vec<Wrong>> {
    let wrong = match kind {
        Kind::Places => import::places(target, &each(rows, place)).await?,
        Kind::Departments => import::departments(target, &each(rows, department)).await?,
        Kind::People => import::people(target, &each(rows, person)).await?,
        Kind::Posts => import::posts(target, &each(rows, post)).await?,
        Kind::Prizes => {
            let wrong = incentives::ops::import_prizes(target.pool, target.district_id, &each(rows, prize)).await?;
            return Ok(wrong.into_iter().map(Wrong::from).collect());
        }
        Kind::Vouchers => {
            let (pool, vault, clock) = (target.pool, target.vault, target.clock);
            let rows = each(rows, voucher);
            let wrong = incentives::ops::import_vouchers(pool, vault, clock, target.district_id, &rows).await?;
            return Ok(wrong.into_iter().map(Wrong::from).collect());
        }
    };
    Ok(wrong.into_iter().map(Wrong::from).collect())
}

fn each<T>(rows: &[Row], read: impl Fn(&Row) -> T) -> Vec<T> {
    rows.iter().map(read).collect()
}

fn place(row: &Row) -> PlaceRow {
    let (path, name) = (row.take("path"), row.take("name"));
    PlaceRow { line: row.line, path, name, level: row.take("level"), boundary: row.take("boundary") }
}

fn department(row: &Row) -> DepartmentRow {
    DepartmentRow { line: row.line, code: row.take("code"), name: row.take("name") }
}

fn person(row: &Row) -> PersonRow {
    PersonRow { line: row.line, phone: row.take("phone"), name: row.take("name") }
}

fn post(row: &Row) -> PostRow {
    PostRow {
        line: row.line,
        phone: row.take("phone"),
        role: row.take("role"),
        place_path: row.take("place_path"),
        department_code: row.take("department_code"),
        from_date: row.take("from_date"),
        until_date: row.take("until_date"),
    }
}

fn prize(row: &Row) -> PrizeRow {
    PrizeRow {
        line: row.line,
        name: row.take("name"),
        points: row.take("points"),
        stock: row.take("stock"),
        pickup_place_path: row.take("pickup_place_path"),
        hold_hours: row.take("hold_hours"),
        kind: row.take("kind"),
    }
}

fn voucher(row: &Row) -> VoucherRow {
    VoucherRow {
        line: row.line,
        name: row.take("name"),
        pickup_place_path: row.take("pickup_place_path"),
        code: row.take("code"),
        valid_until: row.take("valid_until"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(kind: Kind, text: &[u8]) -> Result<Table> {
        let path = std::env::temp_dir().join(format!("hemei-table-{}.csv", uuid::Uuid::now_v7()));
        std::fs::write(&path, text).unwrap();
        let table = read(kind.columns(), &path);
        std::fs::remove_file(&path).unwrap();
        table
    }

    #[test]
    fn columns_may_stand_in_any_order_and_some_may_be_missing() {
        let text = "\u{feff}name,path,level\r\n向阳街道,gn.xy,街道\r\n\"松鹤\n社区\",gn.xy.sh,社区\r\n";
        let table = read_text(Kind::Places, text.as_bytes()).unwrap();
        assert!(table.wrong.is_empty(), "{:?}", table.wrong);
        let place = place(&table.rows[0]);
        assert_eq!((place.line, place.path.as_str(), place.name.as_str()), (2, "gn.xy", "向阳街道"));
        assert_eq!((place.boundary.as_str(), table.rows[1].line), ("", 3));
    }

    #[test]
    fn a_line_that_is_none_is_named_and_the_others_are_read() {
        let table =
            read_text(Kind::People, b"phone,name\n19900000001,a\n19900000002\n19900000003,\xff\n19900000004,d\n");
        let table = table.unwrap();
        assert_eq!(table.wrong.iter().map(|wrong| wrong.line).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(table.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 5]);
    }

    #[test]
    fn another_table_is_refused_with_the_columns_it_should_have() {
        let refused = read_text(Kind::Posts, b"phone,name\n").err().unwrap();
        let text = format!("{refused:#}");
        assert!(text.contains("phone,role,place_path") && text.contains("unknown: name"), "{text}");
    }
}
