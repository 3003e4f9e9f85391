use std::collections::HashMap;

use chassis::faults::Fault;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    prize::{PrizeRow, RowError, Supply},
    store,
};

/// Adds or changes a district's prizes; answers the rows that were left out and why. A prize is known by its name and pick-up
/// point, and its stock counts what was ever supplied: importing a file twice changes nothing.
pub async fn import_prizes(pool: &PgPool, district_id: Uuid, rows: &[PrizeRow]) -> Result<Vec<RowError>, Fault> {
    let (mut supplies, mut wrong) = checked(rows);
    let mut transaction = chassis::db::begin(pool).await?;
    let refused = store::prize::refused(&mut transaction, district_id, &supplies).await?;
    for (line, why) in &refused {
        let line = usize::try_from(*line).unwrap_or(0);
        supplies.retain(|supply| supply.line != line);
        wrong.push(match why.as_str() {
            "place" => no_such_place(line),
            "kind" => of_another_kind(line),
            _ => supplied_too_little(line),
        });
    }
    store::prize::import(&mut transaction, district_id, &supplies).await?;
    transaction.commit().await?;
    wrong.sort_by_key(|error| error.line);
    Ok(wrong)
}

/// The rows within their ranges, each prize once, and what is wrong with the others.
fn checked(rows: &[PrizeRow]) -> (Vec<Supply>, Vec<RowError>) {
    let (mut supplies, mut wrong) = (Vec::new(), Vec::new());
    let mut seen = HashMap::new();
    for row in rows {
        match row.check() {
            Err(errors) => wrong.extend(errors),
            Ok(supply) => match seen.insert((supply.name.clone(), supply.pickup_place_path.clone()), supply.line) {
                Some(earlier) => wrong.push(twice(supply.line, earlier)),
                None => supplies.push(supply),
            },
        }
    }
    (supplies, wrong)
}

fn twice(line: usize, earlier: usize) -> RowError {
    let (zh, en) = (format!("与第 {earlier} 行是同一奖品"), format!("line {earlier} is about the same prize"));
    RowError { line, field: "name", zh, en }
}

fn no_such_place(line: usize) -> RowError {
    let (zh, en) = ("本区没有这个地点", "there is no such place in this district");
    RowError { line, field: "pickup_place_path", zh: zh.to_owned(), en: en.to_owned() }
}

fn of_another_kind(line: usize) -> RowError {
    let (zh, en) = ("已有奖品的种类不能更改", "the kind of a prize does not change");
    RowError { line, field: "kind", zh: zh.to_owned(), en: en.to_owned() }
}

fn supplied_too_little(line: usize) -> RowError {
    let (zh, en) = ("少于已被兑换的数量", "fewer than were already reserved or handed over");
    RowError { line, field: "stock", zh: zh.to_owned(), en: en.to_owned() }
}
