//! The district's own deadlines, hours and emergency phones.
use std::sync::Arc;

use chassis::{access::Caller, faults::Fault};

use crate::{
    Tickets, store,
    terms::{DistrictTerms, OwnTerms},
};

/// What holds in the caller's district.
pub async fn get_terms(tickets: &Tickets, caller: &Caller) -> Result<Arc<DistrictTerms>, Fault> {
    tickets.refresh_terms().await?;
    Ok(tickets.terms.of(caller.district_id))
}

/// Replaces them; the same again changes nothing.
pub async fn put_terms(
    tickets: &Tickets,
    caller: &Caller,
    mut own: OwnTerms,
    if_match: Option<i64>,
) -> Result<Arc<DistrictTerms>, Fault> {
    for _ in 0..4 {
        let known = get_terms(tickets, caller).await?;
        own.version = known.own.version;
        own.changed_at = known.own.changed_at;
        if own == known.own {
            return Ok(known);
        }
        if if_match.is_some_and(|version| version != i64::from(own.version)) {
            return Err(Fault::conflict("ETAG_MISMATCH", "the terms have changed")
                .fact("etag", crate::wire::etag(own.version.into())));
        }
        let made = (caller.person_id, tickets.clock.now());
        if store::terms::put(&tickets.pool, caller.district_id, &own, made).await? {
            return get_terms(tickets, caller).await;
        }
    }
    Err(Fault::unavailable("the terms kept changing"))
}
