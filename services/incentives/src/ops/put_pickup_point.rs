use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    prize::{PickUpPoint, PointEdit},
    store,
};

/// The level of the place tree above households.
const COMPOUND: usize = 4;

/// Says of a place where prizes are handed over how to find it, and when it is open.
pub async fn put_pickup_point(state: &Incentives, caller: &Caller, edit: &PointEdit) -> Result<PickUpPoint, Fault> {
    pickup_place(state, caller, edit.place_id).await?;
    store::pickup_point::put(&state.pool, &super::asked(state, caller), edit).await?;
    pickup_place(state, caller, edit.place_id).await
}

/// A place of the district that may be a pick-up point: where somebody lives is none.
pub async fn pickup_place(state: &Incentives, caller: &Caller, place_id: Uuid) -> Result<PickUpPoint, Fault> {
    let point = store::pickup_point::find(&state.pool, caller.district_id, place_id).await?;
    let point = point.ok_or(Refusal::PlaceNotFound)?;
    if point.place_path.split('.').count() > COMPOUND {
        return Err(Fault::field(
            "place_id",
            "must be no household: a compound, a community, a subdistrict or the district",
        ));
    }
    Ok(point)
}
