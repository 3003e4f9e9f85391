use chassis::{access::Caller, faults::Fault};

use crate::{
    Incentives, Refusal,
    award::{APPEAL_FOR, Award, Which},
    store,
};

/// Asks for another look at an award that a person made void, once. The same again answers the award.
pub async fn appeal_award(state: &Incentives, caller: &Caller, which: &Which, text: &str) -> Result<Award, Fault> {
    let asked = super::asked(state, caller);
    let appealed = store::verdict::appeal(&state.pool, &asked, which, text, asked.now - APPEAL_FOR).await?;
    let award = store::verdict::find(&state.pool, caller.district_id, which).await?;
    let award = award.filter(|award| award.person_id == caller.person_id).ok_or(Refusal::AwardNotFound)?;
    if appealed || award.appeal.as_deref() == Some(text) { Ok(award) } else { Err(Refusal::AppealNotPossible.into()) }
}
