//! Many hand-overs at once, each with its own outcome.
use chassis::{access::Caller, faults::Fault};
use tonic::Code;

use super::hand_over::{limit, tell};
use crate::{Incentives, Redemption, Refusal, redemption::HandOver};

/// The most hand-overs of one call.
pub const MOST: usize = 100;

/// Tells each, in order. Codes that are there cost one permit together, every unknown one its own; once there is none left, the
/// rest is not looked at.
pub async fn hand_over_many(
    state: &Incentives,
    caller: &Caller,
    told: Vec<Result<HandOver, Fault>>,
) -> Result<Vec<Result<Redemption, Fault>>, Fault> {
    limit(state, caller).await?;
    let mut stopped = None;
    let mut outcomes = Vec::with_capacity(told.len());
    for one in told {
        let outcome = match (stopped, one) {
            (Some(wait), Ok(_)) => Err(Refusal::CodeTooOften { wait }.into()),
            (None, Ok(one)) => tell(state, caller, &one).await,
            (_, Err(wrong)) => Err(wrong),
        };
        let outcome = match outcome {
            Err(fault) if stopped.is_none() && fault.code == Code::NotFound => match limit(state, caller).await {
                Ok(()) => Err(fault),
                Err(limited) => {
                    stopped = Some(limited.retry_after.unwrap_or_default());
                    Err(limited)
                }
            },
            outcome => outcome,
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
