use chassis::{access::Caller, faults::Fault};
use chrono::{DateTime, Utc};

use crate::{
    Incentives, Refusal,
    rules::EarningRules,
    store::{self, rules::RuleSet},
};

/// Writes the version after the one that was edited. The same again by the same person answers what it made.
pub async fn put_earning_rules(
    state: &Incentives,
    caller: &Caller,
    edited: i32,
    rules: EarningRules,
    valid_from: Option<DateTime<Utc>>,
) -> Result<RuleSet, Fault> {
    let now = state.clock.now();
    let read = store::rules::find(&state.pool, caller.district_id, edited).await?;
    // who sends back what they read means: at once
    let valid_from = valid_from.filter(|_| read.is_none_or(|set| set.valid_from != valid_from));
    let wanted = valid_from.unwrap_or(now);
    let past = valid_from.is_some_and(|from| from < now);
    if !past && store::rules::put(&state.pool, &super::asked(state, caller), edited, &rules, wanted).await? {
        return Ok(RuleSet { version: edited + 1, rules, valid_from: Some(wanted), put_by: Some(caller.person_id) });
    }
    let written = store::rules::find(&state.pool, caller.district_id, edited + 1).await?;
    let same = |set: &RuleSet| {
        set.put_by == Some(caller.person_id)
            && set.rules == rules
            && (valid_from.is_none() || set.valid_from == valid_from)
    };
    match written {
        Some(set) if same(&set) => Ok(set),
        None if past => Err(Fault::field("rules.valid_from", "must not lie in the past")),
        _ => Err(Refusal::RulesChanged { version: edited }.into()),
    }
}
