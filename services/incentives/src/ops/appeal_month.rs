use chassis::{access::Caller, faults::Fault};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::{Incentives, Refusal, month::Appeal, store};

/// Appeals against the list of a month while it is shown; the same id and text again answer the appeal.
pub async fn appeal_month(
    state: &Incentives,
    caller: &Caller,
    month: NaiveDate,
    (appeal_id, text): (Uuid, &str),
) -> Result<Appeal, Fault> {
    let (pool, district_id) = (&state.pool, caller.district_id);
    let kept = store::month_appeal::appeal(pool, &super::asked(state, caller), month, (appeal_id, text)).await?;
    if let Some(appeal) = store::month_appeal::list(pool, district_id, month, (Some(appeal_id), None)).await?.pop() {
        let same = kept || appeal.person_id == caller.person_id && appeal.text == text;
        return if same { Ok(appeal) } else { Err(Fault::id_reused("appeal_id")) };
    }
    let known = store::month::list(pool, district_id, Some(month)).await?;
    Err(if known.is_empty() { Refusal::MonthNotFound } else { Refusal::AppealNotPossible }.into())
}

/// Answers an appeal; the same again answers it as it stands. Nobody answers their own.
pub async fn decide_month_appeal(
    state: &Incentives,
    caller: &Caller,
    month: NaiveDate,
    appeal_id: Uuid,
    verdict: (bool, &str),
) -> Result<Appeal, Fault> {
    let (pool, asked) = (&state.pool, super::asked(state, caller));
    let done = store::month_appeal::decide(pool, &asked, month, appeal_id, verdict).await?;
    let found = store::month_appeal::list(pool, caller.district_id, month, (Some(appeal_id), None)).await?.pop();
    let appeal = found.ok_or(Refusal::AppealNotFound)?;
    if appeal.person_id == caller.person_id {
        return Err(Refusal::OwnPoints.into());
    }
    let same = (appeal.accepted, appeal.answer.as_str()) == (Some(verdict.0), verdict.1)
        && appeal.decided_by == Some(caller.person_id);
    if done || same { Ok(appeal) } else { Err(Refusal::AppealDecided.into()) }
}
