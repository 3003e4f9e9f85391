//! A list of categories, or of their classes, from a file of the operators: the suite's own or a district's, whole or not at all.
use std::collections::{BTreeSet, HashMap};

use chassis::faults::Fault;
use chrono::{DateTime, Utc};
use proto::tickets::v1::PutCategoryRequest;
use sqlx::PgPool;
use uuid::Uuid;

use super::check_text;
use crate::{
    category::{Category, TILES, TO_BE_CLASSIFIED, held, tiles},
    store::{self, category_class::Class},
    wire::terms::wanted_category,
};

/// The columns of a list, those that must be there first.
pub const CATEGORY_COLUMNS: (&[&str], &[&str]) = (
    &[
        "category_code",
        "name",
        "english_name",
        "level",
        "priority",
        "resolve_hours",
        "clock",
        "after_photo",
        "department_code",
        "tile",
        "source",
        "duplicate_metres",
        "duplicate_hours",
    ],
    &["retired"],
);
pub const CLASS_COLUMNS: (&[&str], &[&str]) = (&["class", "name", "source"], &[]);

/// What a column takes.
const ALLOWED: [(&str, &str, &str); 15] = [
    ("category_code", "须为 1 至 20 个字母或数字，每个代码一行", "must be 1 to 20 letters and digits, each code once"),
    ("class", "须为两位数字，每个大类一行", "must be two digits, each class once"),
    ("name", "须为 1 至 40 字", "must be 1 to 40 characters"),
    ("english_name", "最多 80 字符", "at most 80 characters"),
    ("level", "须为 1（区）至 4（小区）", "must be from 1 (district) to 4 (compound)"),
    ("priority", "须为 0 至 3（P0 至 P3）", "must be from 0 to 3 (P0 to P3)"),
    ("resolve_hours", "须为 1 至 2000", "must be from 1 to 2000"),
    ("clock", "须为 NATURAL 或 WORKING", "must be NATURAL or WORKING"),
    ("after_photo", "须为 true 或 false", "must be true or false"),
    (
        "department_code",
        "须为 1 至 40 字；导入某区时须为该区的部门代码",
        "must be 1 to 40 characters; for a district, a department's code",
    ),
    ("tile", "最多 8 字；全部事项最多 12 个图标", "at most 8 characters; at most 12 tiles in all"),
    ("source", "最多 200 字", "at most 200 characters"),
    ("duplicate_metres", "须为 1 至 1000", "must be from 1 to 1000"),
    ("duplicate_hours", "须为 1 至 720", "must be from 1 to 720"),
    ("retired", "须为 true 或 false；99999 不能停用", "must be true or false; 99999 stays"),
];

/// How often an import that met another edit begins again.
const TRIES: usize = 4;

/// A line of a file, its values by column.
#[derive(Clone, Debug)]
pub struct FileRow {
    pub line: usize,
    pub values: HashMap<&'static str, String>,
}

impl FileRow {
    fn text(&self, column: &str) -> String {
        self.values.get(column).cloned().unwrap_or_default()
    }

    fn read<T: std::str::FromStr>(&self, column: &'static str) -> Result<T, RowError> {
        self.text(column).parse().map_err(|_| self.wrong(column))
    }

    fn wrong(&self, column: &str) -> RowError {
        let (field, zh, en) =
            ALLOWED.into_iter().find(|(known, ..)| *known == column).unwrap_or((ALLOWED[0].0, "", ""));
        let value: String = self.text(column).chars().take(40).collect();
        RowError {
            line: self.line,
            field,
            zh: format!("“{value}” 不可用，{zh}"),
            en: format!("“{value}” is not allowed, {en}"),
        }
    }
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    pub line: usize,
    pub field: &'static str,
    pub zh: String,
    pub en: String,
}

/// What became of a list. Nothing was written where a line is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that are new or the next version of what was known.
    pub written: usize,
    /// Rows that said what was known.
    pub same: usize,
    pub wrong: Vec<RowError>,
}

/// Brings a list of categories in, of a district or, for nil, the suite's own. What says the same stays, what differs becomes the next
/// version, what is not in the list is not touched: so the same file again changes nothing.
pub async fn import_categories(
    pool: &PgPool,
    district_id: Uuid,
    rows: &[FileRow],
    now: DateTime<Utc>,
) -> Result<Imported, Fault> {
    let departments = store::staff_list::departments(pool).await?;
    let departments: BTreeSet<String> =
        departments.into_iter().filter(|(of, ..)| *of == district_id).map(|(_, code, _)| code).collect();
    for _ in 0..TRIES {
        let mut transaction = chassis::db::begin(pool).await?;
        let known = held(store::category::all(&mut *transaction).await?, district_id);
        let (asked, wrong) = checked(rows, &departments, &known.values().collect::<Vec<_>>());
        if !wrong.is_empty() {
            return Ok(Imported { wrong, ..Imported::default() });
        }
        let all = asked.len();
        let differs =
            |category: &Category| !known.get(&category.category_code).is_some_and(|it| it.says_the_same(category));
        let version = |category: &Category| known.get(&category.category_code).map_or(0, |known| known.version);
        let wanted = asked.into_iter().filter(differs);
        let wanted: Vec<_> = wanted.map(|it| Category { district_id, version: version(&it), ..it }).collect();
        let written = store::category::put(&mut *transaction, &wanted, operator(now)).await?;
        if usize::try_from(written) == Ok(wanted.len()) {
            transaction.commit().await?;
            return Ok(Imported { written: wanted.len(), same: all - wanted.len(), wrong });
        }
    }
    Err(Fault::unavailable("the categories kept changing"))
}

/// Brings names of classes in, likewise.
pub async fn import_classes(
    pool: &PgPool,
    district_id: Uuid,
    rows: &[FileRow],
    now: DateTime<Utc>,
) -> Result<Imported, Fault> {
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for row in rows {
        let class = row.text("class");
        if class.len() != 2 || !class.chars().all(|digit| digit.is_ascii_digit()) || !seen.insert(class) {
            wrong.push(row.wrong("class"));
        }
        for (column, least, most) in [("name", 1, 40), ("source", 0, 200)] {
            let text = row.text(column);
            if check_text(column, &text, most).is_err() || text.chars().count() < least {
                wrong.push(row.wrong(column));
            }
        }
    }
    if !wrong.is_empty() {
        return Ok(Imported { wrong, ..Imported::default() });
    }
    let class = |row: &FileRow| Class {
        district_id,
        class: row.text("class"),
        name: row.text("name"),
        source: row.text("source"),
    };
    let wanted: Vec<Class> = rows.iter().map(class).collect();
    let written = usize::try_from(store::category_class::put(pool, &wanted, operator(now)).await?).unwrap_or(0);
    Ok(Imported { written, same: rows.len() - written, wrong })
}

/// Whoever has the command line is nobody of the district's.
fn operator(now: DateTime<Utc>) -> (Uuid, &'static str, DateTime<Utc>) {
    (Uuid::nil(), "operator", now)
}

/// The rows as categories, and what is wrong with them.
fn checked(rows: &[FileRow], departments: &BTreeSet<String>, known: &[&Category]) -> (Vec<Category>, Vec<RowError>) {
    let (mut asked, mut wrong, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for row in rows {
        match category(row) {
            Err(error) => wrong.push(error),
            Ok(category) => {
                if !seen.insert(category.category_code.clone()) {
                    wrong.push(row.wrong("category_code"));
                }
                if !departments.is_empty() && !departments.contains(&category.department_code) {
                    wrong.push(row.wrong("department_code"));
                }
                if category.retired && category.category_code == TO_BE_CLASSIFIED {
                    wrong.push(row.wrong("retired"));
                }
                asked.push(category);
            }
        }
    }
    if wrong.is_empty() {
        let others = known.iter().copied().filter(|known| !seen.contains(&known.category_code));
        let mut shown = tiles(others);
        for (row, category) in rows.iter().zip(&asked) {
            shown.extend(tiles([category]));
            if shown.len() > TILES {
                wrong.push(row.wrong("tile"));
                break;
            }
        }
    }
    (asked, wrong)
}

/// One row, by the rules of the wire.
fn category(row: &FileRow) -> Result<Category, RowError> {
    let yes = |column| match row.text(column).as_str() {
        "" if column == "retired" => Ok(false),
        _ => row.read::<bool>(column),
    };
    let priority: i32 = row.read("priority")?;
    // 0 is no answer on the wire, and no value in a file
    let some =
        |column| row.read(column).and_then(|value: i32| if value == 0 { Err(row.wrong(column)) } else { Ok(value) });
    let request = PutCategoryRequest {
        category_code: row.text("category_code"),
        name: row.text("name"),
        english_name: row.text("english_name"),
        level: row.read("level")?,
        priority: priority.saturating_add(1),
        resolve_hours: row.read("resolve_hours")?,
        clock: row.text("clock"),
        after_photo: yes("after_photo")?,
        department_code: row.text("department_code"),
        tile: row.text("tile"),
        source: row.text("source"),
        duplicate_metres: some("duplicate_metres")?,
        duplicate_hours: some("duplicate_hours")?,
        retired: yes("retired")?,
    };
    wanted_category(request)
        .map_err(|fault| row.wrong(fault.fields.first().map_or("category_code", |(field, _)| field)))
}
