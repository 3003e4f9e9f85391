//! Group commit in front of the hot statements: whoever waits at the same time shares a statement and a commit.
use std::{collections::HashMap, sync::Arc};

use chassis::{batch::Batcher, faults::Fault, feed::Waker};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    decide::{Change, Decision, Rules, Wish, decide},
    error::Refusal,
    recent::Recent,
    store::{self, change::Together, report::NewTicket},
    ticket::Ticket,
};

/// How many statements of one kind run at the same time in a process: one, for whoever waits meanwhile shares the next, and what a
/// statement costs by itself is more than what a row of it costs.
const WRITERS: usize = 1;
/// How often a change is decided again when its ticket moved meanwhile.
const ATTEMPTS: usize = 8;

/// Writes new tickets; nothing for an id that exists.
pub type Reports = Batcher<NewTicket, Option<Ticket>>;
/// Decides and writes changes.
pub type Changes = Batcher<(Wish, Rules), Ticket>;

/// The queue of new tickets.
pub fn reports(pool: &PgPool, recent: &Arc<Recent>, waker: &Option<Waker>) -> Reports {
    let (pool, recent, waker) = (pool.clone(), recent.clone(), waker.clone());
    Batcher::start(WRITERS, move |mut batch: Vec<NewTicket>| {
        let (pool, recent, waker) = (pool.clone(), recent.clone(), waker.clone());
        async move {
            let asked: Vec<Uuid> = batch.iter().map(|new| new.ticket.ticket_id).collect();
            // everybody writes in the order of ids, so that no two statements wait for each other
            batch.sort_by_key(|new| new.ticket.ticket_id);
            let written = store::report::report(&pool, &batch).await?;
            wake(&waker, !written.is_empty());
            let mut written: HashMap<Uuid, Ticket> = written.into_iter().map(|row| (row.ticket_id, row)).collect();
            let answers = asked.iter().map(|id| {
                let made = written.remove(id);
                made.iter().for_each(|ticket| recent.keep(ticket.clone()));
                Ok(made)
            });
            Ok(answers.collect())
        }
    })
}

/// The queue of changes.
pub fn changes(pool: &PgPool, recent: &Arc<Recent>, waker: &Option<Waker>) -> Changes {
    let desk = Arc::new(Desk { pool: pool.clone(), recent: recent.clone(), waker: waker.clone() });
    Batcher::start(WRITERS, move |batch| {
        let desk = desk.clone();
        async move { desk.work(batch).await }
    })
}

struct Desk {
    pool: PgPool,
    recent: Arc<Recent>,
    waker: Option<Waker>,
}

type Outcome = Result<Ticket, Fault>;

impl Desk {
    /// Decides on every wish and writes what was decided, until each has its outcome.
    async fn work(&self, batch: Vec<(Wish, Rules)>) -> Result<Vec<Outcome>, Fault> {
        let mut outcomes: Vec<Option<Outcome>> = Vec::new();
        outcomes.resize_with(batch.len(), || None);
        let mut stale: Vec<bool> = vec![false; batch.len()];
        for _ in 0..ATTEMPTS {
            let open: Vec<usize> = (0..batch.len()).filter(|&at| outcomes[at].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let known = self.read(&batch, &open, &stale).await?;
            let mut changes = Vec::new();
            for &at in &open {
                let (wish, rules) = &batch[at];
                let Some((ticket, fresh)) = known.get(&at) else {
                    outcomes[at] = Some(Err(Refusal::TicketNotFound.into()));
                    continue;
                };
                match decide(ticket, wish, rules) {
                    Ok(Decision::Change(change)) => changes.push((at, *change)),
                    // what was only remembered may have moved since
                    _ if !fresh => stale[at] = true,
                    Ok(Decision::Repeated) => outcomes[at] = Some(Ok(ticket.clone())),
                    Err(refusal) => outcomes[at] = Some(Err(refusal.into())),
                }
            }
            self.write(changes, &mut outcomes, &mut stale).await?;
        }
        let moving = || Err(Fault::unavailable("the ticket kept changing"));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(moving)).collect())
    }

    /// The tickets of the open wishes, and whether each was read just now.
    async fn read(
        &self,
        batch: &[(Wish, Rules)],
        open: &[usize],
        stale: &[bool],
    ) -> Result<HashMap<usize, (Ticket, bool)>, Fault> {
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for &at in open {
            let wish = &batch[at].0;
            match self.recent.take(wish.district_id, wish.ticket_id).filter(|_| !stale[at]) {
                Some(ticket) => {
                    known.insert(at, (ticket, false));
                }
                None => unknown.push(at),
            }
        }
        if unknown.is_empty() {
            return Ok(known);
        }
        let (districts, tickets): (Vec<_>, Vec<_>) =
            unknown.iter().map(|&at| (batch[at].0.district_id, batch[at].0.ticket_id)).unzip();
        let rows = store::ticket::get_many(&self.pool, &districts, &tickets).await?;
        let rows: HashMap<Uuid, Ticket> = rows.into_iter().map(|row| (row.ticket_id, row)).collect();
        known
            .extend(unknown.into_iter().filter_map(|at| Some((at, (rows.get(&batch[at].0.ticket_id)?.clone(), true)))));
        Ok(known)
    }

    async fn write(
        &self,
        mut changes: Vec<(usize, Change)>,
        outcomes: &mut [Option<Outcome>],
        stale: &mut [bool],
    ) -> Result<(), Fault> {
        if changes.is_empty() {
            return Ok(());
        }
        changes.sort_by_key(|(_, change)| change.after.ticket_id);
        let asked: Vec<(usize, Uuid)> = changes.iter().map(|(at, change)| (*at, change.after.ticket_id)).collect();
        let changes = changes.into_iter().map(|(_, change)| change).collect();
        let mut written = store::change::apply(&self.pool, changes, Together::No).await?;
        wake(&self.waker, !written.is_empty());
        for (at, id) in asked {
            match written.remove(&id) {
                Some(ticket) => {
                    self.recent.keep(ticket.clone());
                    outcomes[at] = Some(Ok(ticket));
                }
                None => stale[at] = true,
            }
        }
        Ok(())
    }
}

fn wake(waker: &Option<Waker>, news: bool) {
    if let Some(waker) = waker.as_ref().filter(|_| news) {
        waker.wake();
    }
}
