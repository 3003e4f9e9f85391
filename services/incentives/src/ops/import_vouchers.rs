use std::collections::BTreeMap;

use chassis::{clock::Clock, faults::Fault, vault::Vault};
use sqlx::PgPool;
use uuid::Uuid;

use super::import_voucher_codes::add;
use crate::{
    RowError, store,
    voucher::{Code, RULE, SealedCodes, VoucherCodes, VoucherRow},
};

/// Adds the codes of a file to their prizes; answers the rows that were left out and why. A code that is there already stays as
/// it is: importing a file twice adds nothing twice.
pub async fn import_vouchers(
    pool: &PgPool,
    vault: &Vault,
    clock: &Clock,
    district_id: Uuid,
    rows: &[VoucherRow],
) -> Result<Vec<RowError>, Fault> {
    let mut wrong = Vec::new();
    let mut of_prize: BTreeMap<(&str, &str), Vec<(usize, Code)>> = BTreeMap::new();
    for row in rows {
        match code(row) {
            Ok(code) => {
                let prize = (row.name.trim(), row.pickup_place_path.trim());
                of_prize.entry(prize).or_default().push((row.line, code));
            }
            Err(error) => wrong.push(error),
        }
    }
    let (names, paths): (Vec<_>, Vec<_>) =
        of_prize.keys().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).unzip();
    let prizes: BTreeMap<i64, Uuid> =
        store::voucher::prizes(pool, district_id, &names, &paths).await?.into_iter().collect();
    for (number, codes) in (1..).zip(of_prize.into_values()) {
        let Some(prize_id) = prizes.get(&number) else {
            wrong.extend(codes.iter().map(|(line, _)| no_such_prize(*line)));
            continue;
        };
        let (lines, codes): (Vec<_>, Vec<_>) = codes.into_iter().unzip();
        let mut wanted = VoucherCodes { import_id: Uuid::now_v7(), prize_id: *prize_id, codes };
        let mut sealed = SealedCodes::of(vault, &wanted);
        let elsewhere = store::voucher::elsewhere(pool, district_id, *prize_id, &sealed).await?;
        for (number, prize) in elsewhere.iter().rev() {
            let at = usize::try_from(*number).map_err(Fault::internal)?;
            wanted.codes.remove(at);
            wrong.extend(lines.get(at).map(|line| of_another(*line, prize)));
        }
        if !elsewhere.is_empty() {
            sealed = SealedCodes::of(vault, &wanted);
        }
        add(pool, (district_id, None), &wanted, &sealed, clock.now()).await?;
    }
    wrong.sort_by_key(|error| error.line);
    Ok(wrong)
}

/// The row's code, or what is wrong; the code itself is never repeated.
fn code(row: &VoucherRow) -> Result<Code, RowError> {
    let wrong = |field, zh: &str, en: &str| RowError { line: row.line, field, zh: zh.to_owned(), en: en.to_owned() };
    let valid_until = match row.valid_until.trim() {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            wrong("valid_until", "须为空或日期，如 2027-06-30", "must be empty or a date like 2027-06-30")
        })?),
    };
    Code::new(&row.code, valid_until).ok_or_else(|| wrong("code", "券码须为 4 到 64 个可见字符", RULE))
}

fn of_another(line: usize, prize: &str) -> RowError {
    let (zh, en) = (format!("该券码已属于奖品“{prize}”"), format!("is a code of the prize “{prize}” already"));
    RowError { line, field: "code", zh, en }
}

fn no_such_prize(line: usize) -> RowError {
    let (zh, en) = ("该领取点没有这个券类奖品", "there is no voucher of this name at this place");
    RowError { line, field: "name", zh: zh.to_owned(), en: en.to_owned() }
}
