use chassis::{access::Caller, faults::Fault};

use crate::{
    Incentives, Refusal,
    prize::{Prize, PrizeEdit},
    store,
};

/// Changes what can be changed of a prize.
pub async fn put_prize(state: &Incentives, caller: &Caller, edit: &PrizeEdit) -> Result<Prize, Fault> {
    let yours = |media| state.media.minted_for(media, caller.district_id, caller.person_id);
    if !edit.photo_media_id.is_none_or(yours) {
        let detail = "must be a photo that the caller uploaded";
        return Err(Fault::field_reason("MEDIA_NOT_YOURS", "photo_media_id", detail));
    }
    let prize = store::shelf::put(&state.pool, caller.district_id, edit).await?;
    Ok(prize.ok_or(Refusal::PrizeNotFound)?)
}
