use std::collections::HashMap;

use chassis::faults::Fault;
use uuid::Uuid;

use super::{RowError, Target, begin, checked_name, note};
use crate::{
    ops::set_up::is_code,
    store::{self, department::Department},
};

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
        return Err(RowError::new(row.line, "code", "代码须为 1 到 12 位 a-z、0-9", "the code must be 1 to 12 of a-z and 0-9"));
    }
    let name = checked_name(row.line, &row.name)?;
    match seen.insert(code.to_owned(), name.clone()) {
        Some(earlier) if earlier != name => {
            let (zh, en) = (format!("同一代码前面写的是“{earlier}”"), format!("an earlier row calls this code {earlier}"));
            Err(RowError::new(row.line, "name", zh, en))
        }
        earlier => Ok(earlier.is_none()),
    }
}
