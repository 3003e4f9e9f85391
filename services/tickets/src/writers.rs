//! Group commit in front of the hot statements.
use std::collections::HashMap;

use chassis::{batch::Batcher, feed::Waker};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    store::{self, change::Change, report::NewTicket},
    ticket::Ticket,
};

/// How many statements of one kind run at the same time in a process.
const WRITERS: usize = 2;

/// A queue in front of one statement. It answers the row that was written, or nothing where the statement left it out.
pub type Writer<In> = Batcher<In, Option<Ticket>>;

/// Writes new tickets.
pub fn reports(pool: &PgPool, waker: &Option<Waker>) -> Writer<NewTicket> {
    writer(pool, waker, report)
}

/// Writes transitions.
pub fn changes(pool: &PgPool, waker: &Option<Waker>) -> Writer<Change> {
    writer(pool, waker, apply)
}

async fn report(pool: PgPool, batch: Vec<NewTicket>) -> Written {
    store::report::report(&pool, &batch).await
}

async fn apply(pool: PgPool, batch: Vec<Change>) -> Written {
    store::change::apply(&pool, &batch).await
}

type Written = sqlx::Result<Vec<Ticket>>;

/// Starts the queue. Answers find their askers by the ticket's id, which a flush has once.
fn writer<In, F, Fut>(pool: &PgPool, waker: &Option<Waker>, write: F) -> Batcher<In, Option<Ticket>>
where
    In: Clone + Send + Sync + About + 'static,
    F: Fn(PgPool, Vec<In>) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Written> + Send + 'static,
{
    let (pool, waker) = (pool.clone(), waker.clone());
    Batcher::start(WRITERS, move |mut batch: Vec<In>| {
        let (pool, waker) = (pool.clone(), waker.clone());
        async move {
            let asked: Vec<Uuid> = batch.iter().map(About::ticket_id).collect();
            // everybody writes in the order of ids, so that no two statements wait for each other
            batch.sort_by_key(About::ticket_id);
            let written = write(pool, batch).await?;
            if let Some(waker) = waker.filter(|_| !written.is_empty()) {
                waker.wake();
            }
            let mut written: HashMap<Uuid, Ticket> = written.into_iter().map(|row| (row.ticket_id, row)).collect();
            Ok(asked.iter().map(|id| Ok(written.remove(id))).collect())
        }
    })
}

trait About {
    fn ticket_id(&self) -> Uuid;
}

impl About for NewTicket {
    fn ticket_id(&self) -> Uuid {
        self.ticket_id
    }
}

impl About for Change {
    fn ticket_id(&self) -> Uuid {
        self.ticket_id
    }
}
