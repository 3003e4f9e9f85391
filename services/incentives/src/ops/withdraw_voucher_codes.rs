use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    prize::Kind,
    store,
    voucher::{self, Code, Withdrawn},
};

/// Takes codes off that nobody has got; answers where each is now, so the same again answers the same.
pub async fn withdraw_voucher_codes(
    state: &Incentives,
    caller: &Caller,
    prize_id: Uuid,
    codes: &[Code],
) -> Result<Withdrawn, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    match store::voucher::kind(pool, district_id, prize_id).await? {
        None => return Err(Refusal::PrizeNotFound.into()),
        Some(Kind::Goods) => return Err(Refusal::NoVoucher.into()),
        Some(Kind::Voucher) => {}
    }
    let (numbers, tried) = voucher::tried(&state.vault, codes);
    store::voucher::withdraw_codes(pool, &super::asked(state, caller), prize_id, &tried).await?;
    let found = store::voucher::whereabouts(pool, district_id, prize_id, (&numbers, &tried)).await?;
    let kept: Vec<i32> = found.iter().filter(|(_, withdrawn)| !withdrawn).map(|(number, _)| *number).collect();
    let unknown = (0..).zip(codes).map(|(number, _)| number);
    let unknown = unknown.filter(|number| found.iter().all(|(known, _)| known != number)).collect();
    let withdrawn = i32::try_from(found.len() - kept.len()).map_err(Fault::internal)?;
    Ok(Withdrawn { withdrawn, kept, unknown })
}
