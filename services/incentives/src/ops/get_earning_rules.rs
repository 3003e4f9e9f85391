use chassis::{access::Caller, faults::Fault};

use crate::{
    Incentives, Refusal,
    store::{self, rules::RuleSet},
};

/// The rules that hold now, or those of a version; the suite's own where the district has none.
pub async fn get_earning_rules(state: &Incentives, caller: &Caller, version: i32) -> Result<RuleSet, Fault> {
    if version != 0 {
        let found = store::rules::find(&state.pool, caller.district_id, version).await?;
        return Ok(found.ok_or(Refusal::RulesNotFound)?);
    }
    let now = state.clock.now();
    let mut sets = store::rules::holding(&state.pool, &[caller.district_id], now).await?;
    let sets = sets.remove(&caller.district_id).unwrap_or_default();
    Ok(sets.into_iter().find(|set| set.valid_from.is_none_or(|from| from <= now)).unwrap_or_default())
}
