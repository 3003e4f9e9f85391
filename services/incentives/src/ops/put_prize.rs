use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
};
use uuid::Uuid;

use crate::{
    Incentives, Refusal,
    prize::{Prize, PrizeEdit},
    store,
};

/// Changes what can be changed of a prize.
pub async fn put_prize(state: &Incentives, caller: &Caller, edit: &PrizeEdit) -> Result<Prize, Fault> {
    let yours = |media: &Uuid| state.media.minted_for(*media, caller.district_id, caller.person_id);
    let yours: Vec<Uuid> = edit.photos.iter().flatten().copied().filter(yours).collect();
    match store::shelf::put(&state.pool, &super::asked(state, caller), edit, &yours).await {
        Ok(Some(prize)) => return Ok(prize),
        Ok(None) => {}
        Err(error) if broken_constraint(&error) == Some("voucher_of_another_prize") => {
            let fault: Fault = Refusal::VoucherElsewhere(Vec::new()).into();
            return Err(fault.at_field("shop", "another prize of that shop has a code of this one"));
        }
        Err(error) => return Err(error.into()),
    }
    store::prize::find(&state.pool, caller.district_id, edit.prize_id).await?.ok_or(Refusal::PrizeNotFound)?;
    let detail = "must be photos that the caller uploaded, or that the prize has";
    Err(Fault::field_reason("MEDIA_NOT_YOURS", "photos", detail))
}
