use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Incentives,
    award::Award,
    store::{self, verdict::Whose},
};

/// An award with the evidence of its signals: name and words.
pub type Evidenced = (Award, Vec<(String, String)>);

/// A page of the caller's awards, newest first.
pub async fn list_awards(
    state: &Incentives,
    caller: &Caller,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Evidenced>, String), Fault> {
    let (awards, next) = page(state, caller, Whose::Member(caller.person_id), (page_size, page_token)).await?;
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
    let (awards, next) = page(state, caller, Whose::Doubted, (page_size, page_token)).await?;
    let tickets: Vec<Uuid> = awards.iter().map(|award| award.ticket_id).collect();
    let evidence = store::signal::of(&state.pool, caller.district_id, &tickets).await?;
    let of = |award: &Award| {
        let about =
            |(ticket, rule, ..): &&(Uuid, String, String, String)| (*ticket, rule) == (award.ticket_id, &award.rule);
        evidence.iter().filter(about).map(|(_, _, signal, words)| (signal.clone(), words.clone())).collect()
    };
    Ok((awards.into_iter().map(|award| (award.clone(), of(&award))).collect(), next))
}

async fn page(
    state: &Incentives,
    caller: &Caller,
    whose: Whose,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Award>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let beyond: Option<(DateTime<Utc>, Uuid)> = paging::after(page_token)?;
    let beyond = beyond.map(|(at, id)| Ok::<_, Fault>((paging::instant(at)?, id))).transpose()?;
    let mut awards = store::verdict::list(&state.pool, caller.district_id, whose, beyond, size + 1).await?;
    let next = paging::cut(&mut awards, size, |last| (last.awarded_at, last.ticket_id));
    Ok((awards, next))
}
