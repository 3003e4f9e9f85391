//! Reminds groups before a deadline passes, once for each deadline.
use chassis::faults::Fault;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{ChannelSettings, on_duty};
use crate::{
    Tickets,
    machine::State,
    store::{
        self,
        channel::{Heard, Place},
        channel_list::DueSoon,
    },
    wording::Filling,
};

/// Writes the reminders that are due; answers how many lines that would be where every group had a robot.
pub async fn remind(tickets: &Tickets, settings: &ChannelSettings) -> Result<usize, Fault> {
    let now = tickets.clock.now();
    let until = now + TimeDelta::minutes(settings.remind_claim_minutes.max(settings.remind_resolve_minutes));
    tickets.categories.ensure(&tickets.pool).await?;
    let (mut after, mut written) = ((now, Uuid::max()), 0);
    loop {
        let soon = store::channel_list::due_soon(&tickets.pool, after, until).await?;
        let Some(last) = soon.last() else { return Ok(written) };
        after = (last.due_at, last.ticket_id);
        let heard: Vec<Heard> = soon.iter().flat_map(|due| lines(tickets, settings, due, now)).collect();
        let mut connection = tickets.pool.acquire().await?;
        store::channel::write(&mut connection, &heard).await?;
        written += heard.len();
    }
}

fn lines(tickets: &Tickets, settings: &ChannelSettings, due: &DueSoon, now: DateTime<Utc>) -> Vec<Heard> {
    let (kind, deadline, minutes) = match State::of(&due.state) {
        Some(State::Pool) => ("BEFORE_CLAIM", Some(due.claim_by), settings.remind_claim_minutes),
        _ => ("BEFORE_RESOLVE", due.resolve_by, settings.remind_resolve_minutes),
    };
    let ahead = TimeDelta::minutes(minutes);
    // who has less time than that in all has just been told
    let near = |at: &DateTime<Utc>| *at > now && *at <= now + ahead && *at - due.entered_at > ahead;
    let Some(deadline) = deadline.filter(near) else { return Vec::new() };
    let terms = tickets.terms.of(due.district_id);
    let category = tickets.categories.known(due.district_id, &due.category_code);
    let category = category.map_or_else(|| due.category_code.clone(), |category| category.name.clone());
    let what = format!("{}：{category}", due.number);
    let filling = Filling { what, at: now, claim_by: due.claim_by, due_by: Some(deadline), ..Filling::default() };
    let street = due.place_path.split('.').take(2).collect::<Vec<_>>().join(".");
    let mut heard = Vec::new();
    for wording in terms.wordings.of(kind) {
        let text = filling.fill(&wording.words) + &on_duty(&terms, wording.audience, &street, now);
        heard.extend(wording.tiers(due.escalation_step).map(|tier| Heard {
            district_id: due.district_id,
            tier: tier.to_owned(),
            place: Place::of(tier, &due.place_path, due.department_id),
            ticket_id: due.ticket_id,
            kind: kind.to_owned(),
            sequence: deadline.timestamp(),
            text: text.clone(),
            urgent: wording.urgent,
            at: now,
        }));
    }
    heard
}
