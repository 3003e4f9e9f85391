use chassis::{
    access::Caller,
    clock::business_date,
    faults::{Fault, broken_constraint},
};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    prize::Kind,
    store::{self, voucher::Import},
    voucher::{Imported, SealedCodes, VoucherCodes, is_to_come},
};

/// Adds codes to a voucher, each once. The same id and body answer what was added then.
pub async fn import_voucher_codes(
    state: &Incentives,
    caller: &Caller,
    wanted: &VoucherCodes,
) -> Result<Imported, Fault> {
    let today = business_date(state.clock.now());
    if let Some(day) = wanted.codes.iter().filter_map(|code| code.valid_until).find(|day| !is_to_come(*day, today)) {
        return Err(Fault::field("valid_until", format!("must be from {today} to 2100-12-31, not {day}")));
    }
    let sealed = SealedCodes::of(&state.vault, wanted);
    let by = Some((caller.person_id, caller.role.as_str_name()));
    add(&state.pool, (caller.district_id, by), wanted, &sealed, state.clock.now()).await
}

/// The same by anybody who may.
pub async fn add(
    pool: &PgPool,
    (district_id, by): (Uuid, Option<(Uuid, &'static str)>),
    wanted: &VoucherCodes,
    sealed: &SealedCodes,
    at: DateTime<Utc>,
) -> Result<Imported, Fault> {
    let (by_id, role) = by.unzip();
    let role = role.unwrap_or_default();
    let import = Import { district_id, import_id: wanted.import_id, prize_id: wanted.prize_id, by_id, role, at };
    match store::voucher::add(pool, &import, sealed).await {
        Ok(Some(imported)) => return Ok(imported),
        Ok(None) => {}
        Err(error) => match broken_constraint(&error) {
            Some("voucher_import_key") => {}
            Some("voucher_of_another_prize") => {
                let elsewhere = store::voucher::elsewhere(pool, district_id, wanted.prize_id, sealed).await?;
                return Err(Refusal::VoucherElsewhere(elsewhere).into());
            }
            _ => return Err(error.into()),
        },
    }
    match store::voucher::import(pool, &import, &sealed.bodies).await? {
        Some((true, imported)) => return Ok(imported),
        Some((false, _)) => return Err(Fault::id_reused("import_id")),
        None => {}
    }
    match store::voucher::kind(pool, district_id, wanted.prize_id).await? {
        None => Err(Refusal::PrizeNotFound.into()),
        Some(Kind::Goods) => Err(Refusal::NoVoucher.into()),
        Some(Kind::Voucher) => Err(Fault::unavailable("the prize became a voucher this moment")),
    }
}
