use chassis::{access::Caller, faults::Fault};

use crate::{
    Incentives, Refusal,
    prize::{PickUpPoint, PointEdit},
    store,
};

/// Says of a place where prizes are handed over how to find it, and when it is open.
pub async fn put_pickup_point(state: &Incentives, caller: &Caller, edit: &PointEdit) -> Result<PickUpPoint, Fault> {
    store::pickup_point::put(&state.pool, &super::asked(state, caller), edit).await?;
    let point = store::pickup_point::find(&state.pool, caller.district_id, edit.place_id).await?;
    Ok(point.ok_or(Refusal::PlaceNotFound)?)
}
