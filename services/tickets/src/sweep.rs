//! Deadlines: what time does when nobody else did. Any number of replicas may run.
use std::time::Duration;

use chassis::{clock::Clock, faults::Fault, feed::Waker, telemetry};
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    machine::{Act, Timer, rows},
    store,
};

/// Tickets of one statement.
const BATCH: i64 = 200;
/// A deadline that another process arms is seen this late at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// The pause before looking again at what was locked a moment ago.
const SHORTEST_SLEEP: Duration = Duration::from_millis(20);

/// Sleeps until the next deadline, then carries out all that are due, for ever.
pub async fn run(pool: PgPool, clock: Clock, waker: Option<Waker>, stop: CancellationToken) {
    let mut failed = false;
    loop {
        // after a failure it waits the longest: what is due stays due
        let pause = match until_next(&pool, &clock).await {
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
        let swept = sweep(&pool, clock.now()).await;
        failed = swept.is_err();
        match swept {
            Ok(0) => {}
            Ok(fired) => {
                tracing::info!(fired, "deadlines passed");
                if let Some(waker) = &waker {
                    waker.wake();
                }
            }
            Err(fault) => tracing::warn!(%fault, "sweep failed"),
        }
    }
}

async fn until_next(pool: &PgPool, clock: &Clock) -> Result<Duration, Fault> {
    let due = store::sweep::next_due(pool).await?;
    let left = due.and_then(|due| (due - clock.now()).to_std().ok().or(Some(SHORTEST_SLEEP)));
    Ok(left.unwrap_or(LONGEST_SLEEP).clamp(SHORTEST_SLEEP, LONGEST_SLEEP))
}

/// Carries out everything due at an instant, oldest first, a batch a statement; answers how many deadlines acted.
pub async fn sweep(pool: &PgPool, now: DateTime<Utc>) -> Result<usize, Fault> {
    let mut fired = 0;
    loop {
        let unclaimed = fire(pool, Timer::Claim, now).await?;
        let overdue = fire(pool, Timer::Resolve, now).await?;
        fired += unclaimed + overdue;
        if unclaimed.max(overdue) < usize::try_from(BATCH).unwrap_or(1) {
            return Ok(fired);
        }
    }
}

async fn fire(pool: &PgPool, timer: Timer, now: DateTime<Utc>) -> Result<usize, Fault> {
    let span = tracing::info_span!("deadline", otel.name = timer.code());
    let work = async {
        let (mut due, trace) = (Vec::new(), telemetry::traceparent_of_current());
        for row in rows(Act::Expire(timer)) {
            store::sweep::forget(pool, timer, row.from, now, BATCH).await?;
            due.extend(match timer {
                Timer::Claim => store::sweep::unclaimed(pool, row, now, BATCH, &trace).await?,
                Timer::Resolve => store::sweep::overdue(pool, row, now, BATCH, &trace).await?,
            });
        }
        for due in &due {
            let late = (now - due).to_std().unwrap_or_default();
            metrics::histogram!("timer_lateness_seconds", "timer" => timer.code()).record(late.as_secs_f64());
        }
        Ok(due.len())
    };
    work.instrument(span).await
}
