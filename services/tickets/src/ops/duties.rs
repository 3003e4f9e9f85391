//! The liaisons' roster: who is there to claim.
use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::body_hash;
use crate::{Tickets, error::Refusal, store, terms::Duty};

/// The longest duty.
const MOST_DAYS: i64 = 31;

/// What a duty is to be.
#[derive(Clone, Debug, Serialize)]
pub struct NewDuty {
    pub duty_id: Uuid,
    pub person_id: Uuid,
    pub place_id: Uuid,
    pub from_at: DateTime<Utc>,
    pub until_at: DateTime<Utc>,
    pub stands_in_for: Option<Uuid>,
}

/// Puts somebody on duty; the same again answers the same duty.
pub async fn put_duty(tickets: &Tickets, caller: &Caller, new: NewDuty) -> Result<Duty, Fault> {
    let hash = body_hash("duty", &new)?;
    if let Some((duty, known)) = store::duty::get(&tickets.pool, caller.district_id, new.duty_id).await? {
        return if known == hash { Ok(duty) } else { Err(Fault::id_reused("duty_id")) };
    }
    let now = tickets.clock.now();
    if new.until_at <= now || new.until_at <= new.from_at || new.until_at - new.from_at > TimeDelta::days(MOST_DAYS) {
        let wrong = format!("must be later than now and from_at, at most {MOST_DAYS} days after from_at");
        return Err(Fault::field("until_at", wrong));
    }
    let map = tickets.maps.fresh(&tickets.pool, caller.district_id).await?;
    let place = map.place(new.place_id).ok_or(Refusal::PlaceNotFound)?;
    if place.level != 2 {
        return Err(Fault::field("place_id", "must be a subdistrict"));
    }
    if !caller.reaches_place(&place.path) {
        return Err(Refusal::PlaceNotAllowed.into());
    }
    let duty = Duty {
        district_id: caller.district_id,
        duty_id: new.duty_id,
        person_id: new.person_id,
        person_name: None,
        place_id: new.place_id,
        place_path: place.path.clone(),
        from_at: new.from_at,
        until_at: new.until_at,
        stands_in_for: new.stands_in_for,
        cancelled_at: None,
    };
    store::duty::make(
        &tickets.pool,
        &duty,
        (caller.person_id, caller.role.as_str_name(), now, tickets.clock.today()),
        &hash,
    )
    .await?;
    tickets.refresh_terms().await?;
    match store::duty::get(&tickets.pool, caller.district_id, new.duty_id).await? {
        Some((duty, known)) if known == hash => Ok(duty),
        Some(_) => Err(Fault::id_reused("duty_id")),
        None => Err(Refusal::PersonNotLiaison.into()),
    }
}

/// Ends a duty.
pub async fn cancel_duty(tickets: &Tickets, caller: &Caller, duty_id: Uuid) -> Result<Duty, Fault> {
    let found = store::duty::get(&tickets.pool, caller.district_id, duty_id).await?;
    let (duty, _) = found.ok_or(Refusal::DutyNotFound)?;
    if !caller.reaches_place(&duty.place_path) {
        return Err(Refusal::PlaceNotAllowed.into());
    }
    store::duty::cancel(
        &tickets.pool,
        (caller.district_id, duty_id),
        (caller.person_id, caller.role.as_str_name(), tickets.clock.now()),
    )
    .await?;
    tickets.refresh_terms().await?;
    let (duty, _) = store::duty::get(&tickets.pool, caller.district_id, duty_id).await?.ok_or(Refusal::DutyNotFound)?;
    Ok(duty)
}

/// The duties that end after an instant, as far as the caller reaches, with the token of the next page.
pub async fn list_duties(
    tickets: &Tickets,
    caller: &Caller,
    from_at: Option<DateTime<Utc>>,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Duty>, String), Fault> {
    let asked = paging::page_size(page_size)?;
    let above = match paging::after::<(DateTime<Utc>, Uuid)>(page_token)? {
        Some((until_at, duty_id)) => (paging::instant(until_at)?, duty_id),
        None => (from_at.unwrap_or_else(|| tickets.clock.now()), Uuid::max()),
    };
    let places = (!caller.reach.district).then_some(caller.reach.places.as_slice());
    let mut found = store::duty::list(&tickets.pool, caller.district_id, places, above, asked + 1).await?;
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).map(|duty| (duty.until_at, duty.duty_id));
    Ok((found, last.map(|last| paging::encode(&last)).unwrap_or_default()))
}
