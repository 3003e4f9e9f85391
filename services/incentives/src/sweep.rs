//! Ends reservations and points whose time is over, and tells of points that will be lost. Any number of replicas may sweep; each
//! reservation and each lot ends once.
use std::time::Duration;

use chassis::{clock::business_date, faults::Fault, feed::Source, telemetry};
use chrono::{NaiveDate, TimeDelta};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{Incentives, awarding::month_start, month::GRACE, store};

const BATCH: i64 = 200;
/// Members are told so long before they lose points.
const REMIND_BEFORE: TimeDelta = TimeDelta::days(30);

/// Ends everything that is due by the clock; answers how many.
pub async fn sweep(state: &Incentives) -> Result<usize, Fault> {
    let mut ended = 0;
    loop {
        let batch = expire(state).instrument(tracing::info_span!("deadline", otel.name = "EXPIRE")).await?;
        ended += batch;
        if batch > 0 {
            state.waker.wake();
            metrics::counter!("redemptions_expired_total").increment(batch as u64);
        }
        if batch < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(ended);
        }
    }
}

/// Ends the points whose time is over, and tells of those that are near it; answers how many transfers and how many lots.
pub async fn sweep_lots(state: &Incentives) -> Result<(i64, i64), Fault> {
    let now = state.clock.now();
    let (mut ended, mut told) = (0, 0);
    loop {
        let batch = store::lot::expire(&state.pool, now, BATCH).await?;
        ended += batch;
        if batch == 0 {
            break;
        }
        metrics::counter!("points_expired_total").increment(batch.unsigned_abs());
    }
    loop {
        let trace = telemetry::traceparent_of_current();
        let batch = store::lot::remind(&state.pool, (now, now + REMIND_BEFORE), BATCH, &trace).await?;
        told += batch;
        if batch > 0 {
            state.waker.wake();
        }
        if batch < BATCH {
            return Ok((ended, told));
        }
    }
}

/// Takes off the codes of vouchers whose last day is over; answers how many.
pub async fn sweep_vouchers(state: &Incentives) -> Result<i64, Fault> {
    let mut withdrawn = 0;
    loop {
        let batch = store::voucher::withdraw(&state.pool, state.clock.now(), BATCH).await?;
        withdrawn += batch;
        if batch < BATCH {
            return Ok(withdrawn);
        }
    }
}

/// Closes the months that have ended; answers how many.
pub async fn close_months(state: &Incentives) -> Result<i64, Fault> {
    let now = state.clock.now();
    Ok(store::month::close(&state.pool, month_start(business_date(now - GRACE)), now).await?)
}

/// Publishes the months that were shown long enough; answers how many.
pub async fn publish_months(state: &Incentives) -> Result<i64, Fault> {
    let trace = telemetry::traceparent_of_current();
    let published = store::month::publish(&state.pool, state.clock.now(), &trace).await?;
    if published > 0 {
        state.waker.wake();
    }
    Ok(published)
}

/// What tickets had written when a month had ended: it is closed when that is heard, however long this service was down.
#[derive(Default)]
struct Ended(Option<(NaiveDate, (i64, i64))>);

impl Ended {
    async fn close(&mut self, state: &Incentives, tickets: &Source) -> Result<(), Fault> {
        let this_month = month_start(business_date(state.clock.now() - GRACE));
        let told = match self.0 {
            Some((month, told)) if month == this_month => told,
            _ => {
                let last = tickets.last().await?;
                let told = (last.transaction_id, last.event_id);
                self.0 = Some((this_month, told));
                told
            }
        };
        if store::month::heard(&state.pool).await? >= told {
            close_months(state).await?;
        }
        Ok(())
    }
}

async fn expire(state: &Incentives) -> Result<usize, Fault> {
    let trace = telemetry::traceparent_of_current();
    Ok(store::redemption::expire(&state.pool, state.clock.now(), BATCH, &trace).await?)
}

/// Sweeps until stopped; sleeps until the next reservation is due, at most `longest`.
pub async fn run(state: Incentives, tickets: Source, longest: Duration, stop: CancellationToken) {
    let mut ended = Ended::default();
    loop {
        let swept = sweep(&state).await;
        if let Err(fault) = &swept {
            tracing::warn!(%fault, "expired redemptions not swept");
        }
        if let Err(fault) = ended.close(&state, &tickets).await {
            tracing::warn!(%fault, "months not closed");
        }
        if let Err(fault) = publish_months(&state).await {
            tracing::warn!(%fault, "months not published");
        }
        if let Err(fault) = sweep_lots(&state).await {
            tracing::warn!(%fault, "expired points not swept");
        }
        if let Err(fault) = sweep_vouchers(&state).await {
            tracing::warn!(%fault, "codes of past days not taken off");
        }
        // after a failure it waits the longest: what is due stays due
        let next = if swept.is_ok() { store::redemption::next_due(&state.pool).await.ok().flatten() } else { None };
        let wait =
            next.map_or(longest, |due| (due - state.clock.now()).to_std().unwrap_or(Duration::ZERO).min(longest));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait.max(Duration::from_millis(20))) => {}
        }
    }
}
