//! The kinds of tables, and their rows as they stand in the file.
use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use incentives::PrizeRow;
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
    /// name,points,stock,pickup_place_path,hold_hours
    Prizes,
}

impl Kind {
    /// The columns, those that must be there first.
    fn columns(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Places => (&["path", "name", "level"], &["boundary"]),
            Self::Departments => (&["code", "name"], &[]),
            Self::People => (&["phone", "name"], &[]),
            Self::Posts => (&["phone", "role", "place_path"], &["department_code", "from_date", "until_date"]),
            Self::Prizes => (&["name", "points", "stock", "pickup_place_path"], &["hold_hours"]),
        }
    }
}

/// The rows of a file, and the lines that are none.
pub struct Table {
    pub rows: Vec<Row>,
    pub wrong: Vec<Wrong>,
}

/// A line with its values by column.
#[derive(Clone, Debug)]
pub struct Row {
    line: usize,
    values: HashMap<&'static str, String>,
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

impl From<incentives::RowError> for Wrong {
    fn from(error: incentives::RowError) -> Self {
        let line = usize::try_from(error.line).unwrap_or(0);
        Self { line, field: error.field.to_owned(), zh: error.zh, en: error.en }
    }
}

/// Reads a file; fails only where nothing of it can be understood.
pub fn read(kind: Kind, path: &Path) -> Result<Table> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("{shown} 读不到 / cannot be read"))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().with_context(|| format!("{shown} 首行读不懂 / first line"))?.clone();
    let columns = columns(kind, &header).with_context(|| format!("{shown}"))?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        match record {
            Ok(record) if record.len() == header.len() => {
                let line = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
                let value = |(name, index): &(&'static str, usize)| (*name, record.get(*index).unwrap_or_default().to_owned());
                rows.push(Row { line, values: columns.iter().map(value).collect() });
            }
            Ok(record) => wrong.push(Wrong {
                line: record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0)),
                field: "-".to_owned(),
                zh: format!("有 {} 列，应为 {} 列", record.len(), header.len()),
                en: format!("{} columns where there should be {}", record.len(), header.len()),
            }),
            Err(error) => wrong.push(Wrong {
                line: error.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0)),
                field: "-".to_owned(),
                zh: "不是 UTF-8 的 CSV".to_owned(),
                en: format!("not CSV in UTF-8: {error}"),
            }),
        }
    }
    Ok(Table { rows, wrong })
}

/// Which column stands where.
fn columns(kind: Kind, header: &csv::StringRecord) -> Result<Vec<(&'static str, usize)>> {
    let (needed, others) = kind.columns();
    let place = |name: &&'static str| Some((*name, header.iter().position(|column| column == *name)?));
    let known: Vec<_> = needed.iter().chain(others).filter_map(place).collect();
    let missing: Vec<_> = needed.iter().filter(|name| !known.iter().any(|(known, _)| known == *name)).copied().collect();
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
    let residents_errors = match kind {
        Kind::Places => import::places(target, &each(rows, place)).await?,
        Kind::Departments => import::departments(target, &each(rows, department)).await?,
        Kind::People => import::people(target, &each(rows, person)).await?,
        Kind::Posts => import::posts(target, &each(rows, post)).await?,
        Kind::Prizes => return prizes(target, rows).await,
    };
    Ok(residents_errors.into_iter().map(Wrong::from).collect())
}

/// The service takes all prizes or none: the good rows go in after the bad ones are known.
async fn prizes(target: &Target<'_>, rows: &[Row]) -> Result<Vec<Wrong>> {
    let mut prizes = each(rows, prize);
    let wrong = incentives::ops::import_prizes(target.pool, target.district_id, &prizes).await?;
    if !wrong.is_empty() {
        prizes.retain(|prize| !wrong.iter().any(|wrong| wrong.line == prize.line));
        let still = incentives::ops::import_prizes(target.pool, target.district_id, &prizes).await?;
        return Ok(wrong.into_iter().chain(still).map(Wrong::from).collect());
    }
    Ok(Vec::new())
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
        line: row.line as u64,
        name: row.take("name"),
        points: row.take("points"),
        stock: row.take("stock"),
        pickup_place_path: row.take("pickup_place_path"),
        hold_hours: row.take("hold_hours"),
    }
}
