use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
};
use uuid::Uuid;

use crate::{Finance, payout::AwardFund, store};

/// What the award fund holds.
pub async fn get_award_fund(state: &Finance, caller: &Caller) -> Result<AwardFund, Fault> {
    Ok(store::award_fund::get(&state.pool, caller.district_id).await?)
}

/// Adds to the budget once; the same id and body again answer the fund as it is.
pub async fn add_budget(
    state: &Finance,
    caller: &Caller,
    (entry_id, amount_fen, text): (Uuid, i64, &str),
) -> Result<AwardFund, Fault> {
    let entry = (entry_id, amount_fen, text);
    match store::award_fund::add(&state.pool, &super::actor(state, caller), entry).await {
        Ok(()) => state.waker.wake(),
        Err(error) if broken_constraint(&error) == Some("transfer_once") => {
            if !store::award_fund::is_added(&state.pool, caller.district_id, entry, caller.person_id).await? {
                return Err(Fault::id_reused("entry_id"));
            }
        }
        Err(error) => return Err(error.into()),
    }
    get_award_fund(state, caller).await
}

/// Sets what is kept back from awards ordered from now on.
pub async fn put_award_tax(state: &Finance, caller: &Caller, tax_percent: i32) -> Result<AwardFund, Fault> {
    store::award_fund::put_tax(&state.pool, &super::actor(state, caller), tax_percent).await?;
    get_award_fund(state, caller).await
}
