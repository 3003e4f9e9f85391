use chassis::faults::Fault;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    prize::{PrizeRow, RowError},
    store,
};

/// Adds or changes a district's prizes, all rows or none; answers what is wrong, nothing when all went in. A prize is known by
/// its name and pick-up point, and its stock counts what was ever supplied: importing a file twice changes nothing.
pub async fn import_prizes(pool: &PgPool, district_id: Uuid, rows: &[PrizeRow]) -> Result<Vec<RowError>, Fault> {
    let mut supplies = Vec::new();
    let mut wrong = Vec::new();
    for row in rows {
        match row.check() {
            Ok(supply) => supplies.push(supply),
            Err(errors) => wrong.extend(errors),
        }
    }
    let mut transaction = pool.begin().await?;
    for (line, unknown_place) in store::prize::refused(&mut transaction, district_id, &supplies).await? {
        let line = u64::try_from(line).unwrap_or(0);
        wrong.push(if unknown_place { no_such_place(line) } else { supplied_too_little(line) });
    }
    if wrong.is_empty() {
        store::prize::import(&mut transaction, district_id, &supplies).await?;
        transaction.commit().await?;
    }
    wrong.sort_by_key(|error| error.line);
    Ok(wrong)
}

fn no_such_place(line: u64) -> RowError {
    let (zh, en) = ("本区没有这个地点", "there is no such place in this district");
    RowError { line, field: "pickup_place_path", zh: zh.to_owned(), en: en.to_owned() }
}

fn supplied_too_little(line: u64) -> RowError {
    let (zh, en) = ("少于已被兑换的数量", "fewer than were already reserved or handed over");
    RowError { line, field: "stock", zh: zh.to_owned(), en: en.to_owned() }
}
