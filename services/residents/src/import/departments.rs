use std::collections::HashMap;

use chassis::faults::Fault;
use uuid::Uuid;

use super::{RowError, Target, begin, checked_name, note};
use crate::store::{self, department::Department};

/// `code,name`
#[derive(Clone, Debug)]
pub struct DepartmentRow {
    pub line: usize,
    pub code: String,
    pub name: String,
}

/// Adds departments or renames them by their code.
pub async fn departments(target: &Target<'_>, rows: &[DepartmentRow]) -> Result<Vec<RowError>, Fault> {
    let (mut errors, mut seen) = (Vec::new(), HashMap::new());
    let mut departments = Vec::new();
    for row in rows {
        match check(row, &mut seen) {
            Ok(true) => departments.push(Department {
                department_id: Uuid::now_v7(),
                code: row.code.trim().to_owned(),
                name: row.name.trim().to_owned(),
            }),
            Ok(false) => {}
            Err(error) => errors.push(error),
        }
    }
    let now = target.clock.now();
    let mut transaction = begin(target).await?;
    store::department::put_all(&mut transaction, target.district_id, &departments, now).await?;
    note(&mut transaction, target.district_id, "import_departments", departments.len(), now).await?;
    transaction.commit().await?;
    Ok(errors)
}

/// False for a row that repeats an earlier one.
fn check(row: &DepartmentRow, seen: &mut HashMap<String, String>) -> Result<bool, RowError> {
    let code = row.code.trim();
    if !is_code(code) {
        let (zh, en) = ("代码须为 1 到 32 位 a-z、0-9、_", "the code must be 1 to 32 of a-z, 0-9 and _");
        return Err(RowError::new(row.line, "code", zh, en));
    }
    let name = checked_name(row.line, &row.name)?;
    match seen.insert(code.to_owned(), name.clone()) {
        Some(earlier) if earlier != name => {
            let (zh, en) =
                (format!("同一代码前面写的是“{earlier}”"), format!("an earlier row calls this code {earlier}"));
            Err(RowError::new(row.line, "name", zh, en))
        }
        earlier => Ok(earlier.is_none()),
    }
}

fn is_code(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=32).contains(&text.len()) && text.bytes().all(good)
}
