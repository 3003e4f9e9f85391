use chassis::{access::Caller, faults::Fault};

use crate::{
    Incentives, Refusal,
    award::{Award, AwardState, Verdict, Which},
    store,
};

/// Decides about an award that looks strange, or about the appeal of one that was made void. The same again answers the award.
pub async fn decide_award(
    state: &Incentives,
    caller: &Caller,
    which: &Which,
    verdict: &Verdict,
) -> Result<Award, Fault> {
    let (pool, asked) = (&state.pool, super::asked(state, caller));
    let find = || store::verdict::find(pool, caller.district_id, which);
    let before = find().await?.ok_or(Refusal::AwardNotFound)?;
    if before.person_id == caller.person_id {
        return Err(Refusal::OwnPoints.into());
    }
    let done = if before.appealed_at.is_some() {
        if before.decided_by == Some(caller.person_id) {
            return Err(Refusal::SecondPersonRequired.into());
        }
        store::verdict::decide_appeal(pool, &asked, which, verdict).await?
    } else {
        store::verdict::decide(pool, &asked, which, verdict).await?
    };
    let award = find().await?.ok_or(Refusal::AwardNotFound)?;
    if done {
        state.waker.wake();
        return Ok(award);
    }
    let earned = !matches!(award.state, AwardState::Void | AwardState::Reversed);
    let same = award.decided_by == Some(caller.person_id) && award.reason == verdict.reason && earned == verdict.earned;
    if same { Ok(award) } else { Err(Refusal::AwardDecided.into()) }
}
