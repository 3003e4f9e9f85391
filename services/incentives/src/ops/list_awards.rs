use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{Incentives, award::Award, store};

/// An award with the evidence of its signals: name and words.
pub type Evidenced = (Award, Vec<(String, String)>);

/// A page of the caller's awards, newest first.
pub async fn list_awards(
    state: &Incentives,
    caller: &Caller,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Evidenced>, String), Fault> {
    let size = paging::page_size(page_size)?;
    // the first page begins a day ahead: the clocks of two machines are never that far apart
    let first = (state.clock.now() + TimeDelta::days(1), Uuid::max());
    let (at, id): (DateTime<Utc>, Uuid) = paging::after(page_token)?.unwrap_or(first);
    let whose = (caller.district_id, caller.person_id);
    let mut awards = store::verdict::of_member(&state.pool, whose, (paging::instant(at)?, id), size + 1).await?;
    let next = paging::cut(&mut awards, size, |last| (last.awarded_at, last.ticket_id));
    // how strangeness is found is not told to who might be looking for it
    Ok((awards.into_iter().map(|award| (award, Vec::new())).collect(), next))
}

/// A page of what waits for a decision, oldest first, with the evidence.
pub async fn list_doubted_awards(
    state: &Incentives,
    caller: &Caller,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Evidenced>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let (at, id): (DateTime<Utc>, Uuid) = paging::after(page_token)?.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
    let above = (paging::instant(at)?, id);
    let mut awards = store::verdict::doubted(&state.pool, caller.district_id, above, size + 1).await?;
    let next = paging::cut(&mut awards, size, |last| (last.awarded_at, last.ticket_id));
    let tickets: Vec<Uuid> = awards.iter().map(|award| award.ticket_id).collect();
    let evidence = store::signal::of(&state.pool, caller.district_id, &tickets).await?;
    let of = |award: &Award| {
        let about =
            |(ticket, rule, ..): &&(Uuid, String, String, String)| (*ticket, rule) == (award.ticket_id, &award.rule);
        evidence.iter().filter(about).map(|(_, _, signal, words)| (signal.clone(), words.clone())).collect()
    };
    Ok((awards.into_iter().map(|award| (award.clone(), of(&award))).collect(), next))
}
