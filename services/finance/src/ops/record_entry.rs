use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
    telemetry,
};

use crate::{
    Entry, Finance, Refusal,
    fund::{self, NewEntry},
    store::{self, entry::Recorder},
};

/// Records income or spending of a compound the caller manages. The same id and body answer the same entry.
pub async fn record_entry(state: &Finance, caller: &Caller, new: &NewEntry) -> Result<Entry, Fault> {
    let (district_id, person_id) = (caller.district_id, caller.person_id);
    let yours = |media| state.media.minted_for(media, district_id, person_id);
    if !new.voucher_media_id.is_none_or(yours) {
        return Err(Refusal::MediaNotYours.into());
    }
    let (now, traceparent) = (state.clock.now(), telemetry::traceparent_of_current());
    let role = caller.role.as_str_name();
    let recorder = Recorder { district_id, person_id, role, places: &caller.reach.places, now, traceparent };
    match store::entry::record(&state.pool, &recorder, new).await {
        Ok(Some(entry)) => {
            state.waker.wake();
            Ok(entry)
        }
        Ok(None) => why(state, caller, new).await,
        Err(error) => match broken_constraint(&error) {
            Some("purpose_not_overdrawn" | "transfer_once") => why(state, caller, new).await,
            _ => Err(error.into()),
        },
    }
}

/// The entry that has this id, if it is the same request; else why nothing was recorded.
async fn why(state: &Finance, caller: &Caller, new: &NewEntry) -> Result<Entry, Fault> {
    let fund = store::fund::find(&state.pool, caller.district_id, new.place_id).await?.ok_or(Refusal::FundNotFound)?;
    fund::admit(caller, &fund.path)?;
    if let Some(entry) = store::entry::find(&state.pool, caller.district_id, new.entry_id).await? {
        let same = entry.is_of(new, caller.person_id);
        return if same { Ok(entry) } else { Err(Refusal::IdReused.into()) };
    }
    let held = fund.purposes.into_iter().find(|held| held.purpose == new.purpose);
    let balance_fen = held.map_or(0, |held| held.balance_fen);
    Err(Refusal::FundsInsufficient { purpose: new.purpose.clone(), balance_fen }.into())
}
