//! Reminds of a deadline before it passes, once for each deadline: in the inbox of who holds the ticket, and in their group.
use chassis::{clock::timestamp, faults::Fault};
use chrono::{DateTime, TimeDelta, Utc};
use proto::tickets::v1::{TicketChanged, ticket::State};
use uuid::Uuid;

use super::ChannelSettings;
use crate::{
    Tickets,
    followers::{Told, tell},
    machine::Timer,
    store::{self, reminder::DueSoon},
    ticket::{Deadline, read},
    wording::REMINDED,
};

/// Tells the reminders that have become due since the last time, whoever looked then; answers how many there are.
pub async fn remind(tickets: &Tickets, settings: &ChannelSettings) -> Result<usize, Fault> {
    let now = tickets.clock.now();
    let ahead = (settings.remind_claim_minutes, settings.remind_resolve_minutes);
    let until = now + TimeDelta::minutes(ahead.0.max(ahead.1));
    let (mut begun, mut after, mut many) = (None, (now, Uuid::max()), 0);
    loop {
        // a page at a time, for a long transaction would hold back every feed; what is told twice has its key
        let mut transaction = chassis::db::begin(&tickets.pool).await?;
        let Some(since) = store::reminder::take(&mut transaction, ahead).await? else { return Ok(many) };
        if *begun.get_or_insert(since) != since {
            // another replica came to the end first
            return Ok(many);
        }
        let soon = store::reminder::due_soon(&mut transaction, after, until).await?;
        let told: Vec<Told> = soon.iter().flat_map(|due| reminders(settings, due, (since, now))).collect();
        tell(tickets, &mut transaction, &told).await?;
        many += told.len();
        match soon.last() {
            Some(last) => after = (last.due_at, last.ticket_id),
            None => store::reminder::keep(&mut transaction, now, ahead).await?,
        }
        transaction.commit().await?;
        if soon.is_empty() {
            return Ok(many);
        }
    }
}

/// Those of a ticket that have become due after one instant and until another.
fn reminders(settings: &ChannelSettings, due: &DueSoon, (since, now): (DateTime<Utc>, DateTime<Utc>)) -> Vec<Told> {
    let near = |deadline: &Deadline| {
        let minutes = match deadline.kind {
            Timer::Resolve | Timer::Verify => settings.remind_resolve_minutes,
            _ => settings.remind_claim_minutes,
        };
        // who has little time in all has just been told
        let ahead = TimeDelta::minutes(minutes).min((deadline.due_at - due.entered_at) / 2);
        let missed = deadline.kind == Timer::Resolve && deadline.fired > 0;
        let remind_at = deadline.due_at - ahead;
        !missed && deadline.due_at > now && since < remind_at && remind_at <= now
    };
    let deadlines: Vec<Deadline> = read(&due.timers);
    deadlines.into_iter().filter(near).filter_map(|deadline| reminder(due, deadline, now)).collect()
}

/// As if it were a change; its number is made of the deadline's second and its kind, for two may end at the same time.
fn reminder(due: &DueSoon, deadline: Deadline, now: DateTime<Utc>) -> Option<Told> {
    let (number, (_, kind, _)) = (0..).zip(REMINDED).find(|(_, (timer, ..))| *timer == deadline.kind)?;
    let id = |id: Option<Uuid>| id.map(|id| id.to_string());
    let changed = TicketChanged {
        ticket_id: due.ticket_id.to_string(),
        number: due.number.clone(),
        sequence: deadline.due_at.timestamp() * 8 + number,
        transition: kind.to_owned(),
        to_state: State::from_str_name(&due.state)?.into(),
        category_code: due.category_code.clone(),
        place_path: due.place_path.clone(),
        department_id: id(due.department_id),
        handler_id: id(due.handler_id),
        claimed_by: id(due.claimed_by),
        checker_id: id(due.checker_id),
        held_by: due.held_by.clone(),
        due_at: Some(timestamp(deadline.due_at)),
        ..TicketChanged::default()
    };
    Some(Told { district_id: due.district_id, ticket_id: due.ticket_id, at: now, changed })
}
