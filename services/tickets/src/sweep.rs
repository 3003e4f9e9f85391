//! Deadlines: what time does when nobody else did. Any number of replicas may run.
use std::{sync::Arc, time::Duration};

use chassis::{faults::Fault, feed::Waker, telemetry};
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Tickets,
    decide::{Change, Decision, Deed, Wish, decide},
    store::{self, change::Together},
    ticket::{Deadline, Ticket},
};

/// Tickets of one transaction.
const BATCH: i64 = 500;
/// A deadline that another process arms is seen this late at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// The pause before looking again at what was locked a moment ago.
const SHORTEST_SLEEP: Duration = Duration::from_millis(20);

/// Sleeps until the next deadline, then carries out all that are due, for ever.
pub async fn run(tickets: Arc<Tickets>, waker: Option<Waker>, stop: CancellationToken) {
    let mut failed = false;
    loop {
        // after a failure it waits the longest: what is due stays due
        let pause = match until_next(&tickets).await {
            Ok(pause) if !failed => pause,
            Ok(_) => LONGEST_SLEEP,
            Err(fault) => {
                tracing::warn!(%fault, "deadlines not read");
                LONGEST_SLEEP
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        let swept = sweep_and(&tickets, || tickets.clock.now(), || waker.iter().for_each(Waker::wake)).await;
        failed = swept.is_err();
        match swept {
            Ok(0) => {}
            Ok(fired) => tracing::info!(fired, "deadlines passed"),
            Err(fault) => tracing::warn!(%fault, "sweep failed"),
        }
    }
}

async fn until_next(tickets: &Tickets) -> Result<Duration, Fault> {
    let due = store::sweep::next_due(&tickets.pool).await?;
    let left = due.and_then(|due| (due - tickets.clock.now()).to_std().ok().or(Some(SHORTEST_SLEEP)));
    Ok(left.unwrap_or(LONGEST_SLEEP).clamp(SHORTEST_SLEEP, LONGEST_SLEEP))
}

/// Carries out everything due at an instant, longest due first, a batch a transaction; answers how many deadlines acted.
pub async fn sweep(tickets: &Tickets, now: DateTime<Utc>) -> Result<usize, Fault> {
    sweep_and(tickets, || now, || {}).await
}

/// Every batch has its own instant: a long sweep gives nobody less time than the first of it.
async fn sweep_and(tickets: &Tickets, now: impl Fn() -> DateTime<Utc>, told: impl Fn()) -> Result<usize, Fault> {
    let mut fired = 0;
    loop {
        let some = batch(tickets, &now).instrument(tracing::info_span!("deadlines")).await?;
        if some == 0 {
            return Ok(fired);
        }
        fired += some;
        told();
    }
}

/// Locks the tickets longest due, decides on each, and writes what was decided.
async fn batch(tickets: &Tickets, now: impl Fn() -> DateTime<Utc>) -> Result<usize, Fault> {
    let mut transaction = chassis::db::begin(&tickets.pool).await?;
    let at = now();
    let due = store::sweep::due(&mut transaction, at, BATCH).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut changes: Vec<Change> = due.iter().filter_map(|ticket| expire(tickets, ticket, at)).collect();
    changes.sort_by_key(|change| (change.after.district_id, change.after.ticket_id));
    let acted = changes.len();
    store::change::apply(&mut *transaction, changes, Together::No).await?;
    transaction.commit().await?;
    let done = now();
    for ticket in &due {
        let late = ticket.due_at.and_then(|due| (done - due).to_std().ok()).unwrap_or_default();
        let timer = first(ticket).map_or("", |deadline| deadline.kind.code());
        metrics::histogram!("timer_lateness_seconds", "timer" => timer).record(late.as_secs_f64());
    }
    Ok(acted)
}

fn first(ticket: &Ticket) -> Option<Deadline> {
    ticket.deadlines().into_iter().min_by_key(|deadline| deadline.due_at)
}

/// What the earliest deadline of a ticket does to it.
fn expire(tickets: &Tickets, ticket: &Ticket, at: DateTime<Utc>) -> Option<Change> {
    let first = first(ticket)?;
    let wish = Wish {
        district_id: ticket.district_id,
        ticket_id: ticket.ticket_id,
        deed: Deed::Expire(first.kind),
        actor: None,
        version: None,
        at,
        body_hash: Vec::new(),
        traceparent: telemetry::traceparent_of_current(),
    };
    match decide(ticket, &wish, &tickets.rules(ticket.district_id)) {
        Ok(Decision::Change(change)) => Some(*change),
        other => {
            tracing::error!(ticket = %ticket.ticket_id, ?other, timer = first.kind.code(), "a deadline had nothing to do");
            None
        }
    }
}
