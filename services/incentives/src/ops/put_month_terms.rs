use chassis::{access::Caller, faults::Fault};

use crate::{Incentives, Refusal, month::MonthTerms, store};

/// What the ranks of the next month to be closed bring.
pub async fn get_month_terms(state: &Incentives, caller: &Caller) -> Result<MonthTerms, Fault> {
    let terms = store::month_appeal::terms(&state.pool, caller.district_id, None).await?;
    Ok(terms.map(|(terms, _)| terms).unwrap_or_default())
}

/// Writes the version after the one that was edited; the same again by the same person answers what it made.
pub async fn put_month_terms(state: &Incentives, caller: &Caller, edited: MonthTerms) -> Result<MonthTerms, Fault> {
    let version = edited.version + 1;
    let written = MonthTerms { version, ..edited.clone() };
    if store::month_appeal::put_terms(&state.pool, &super::asked(state, caller), &edited).await? {
        return Ok(written);
    }
    match store::month_appeal::terms(&state.pool, caller.district_id, Some(version)).await? {
        Some((terms, by)) if by == caller.person_id && terms == written => Ok(written),
        _ => Err(Refusal::RulesChanged { version: edited.version }.into()),
    }
}
