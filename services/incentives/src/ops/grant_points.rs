use chassis::{access::Caller, faults::Fault};

use crate::{Incentives, Refusal, points::Activity, store};

/// Gives an activity's points to everybody in it, or to nobody; answers how many in all. The same id and body give once.
pub async fn grant_points(state: &Incentives, caller: &Caller, activity: &Activity) -> Result<i64, Fault> {
    if activity.people.contains(&caller.person_id) {
        return Err(Refusal::OwnPoints.into());
    }
    let months = super::get_earning_rules(state, caller, 0).await?.rules.expiry_months;
    let points = activity.points * i64::try_from(activity.people.len()).unwrap_or(i64::MAX);
    if store::correction::grant(&state.pool, &super::asked(state, caller), activity, months).await? {
        state.waker.wake();
        return Ok(points);
    }
    let known = store::correction::activity(&state.pool, caller.district_id, activity.activity_id).await?;
    match known {
        Some((known, by)) if known == *activity && by == caller.person_id => Ok(points),
        _ => Err(Fault::id_reused("activity_id")),
    }
}
