//! Transfers under way that nobody here follows: those of another merchant, or of any where none is set up.
use std::time::Duration;

use chassis::faults::Fault;
use tokio_util::sync::CancellationToken;

use crate::{Finance, store, transfer::Strangers};

/// How often they are counted.
const EVERY: Duration = Duration::from_secs(60);
/// How soon again where they could not be.
const SOON: Duration = Duration::from_secs(1);

/// Them, by merchant, and as a gauge.
pub async fn count(state: &Finance) -> Result<Vec<Strangers>, Fault> {
    let merchant = state.wechat.as_ref().map(|wechat| (wechat.mch_id(), wechat.app_id()));
    let found = store::transfer::strangers(&state.pool, merchant).await?;
    let many: i64 = found.iter().map(|of| of.transfers).sum();
    metrics::gauge!("wechat_transfers_of_others").set(many as f64);
    Ok(found)
}

/// Counts them until stopped, and tells of them whenever they are others than before.
pub async fn watch(state: Finance, stop: CancellationToken) {
    let mut told = Vec::new();
    loop {
        let counted = count(&state).await;
        let pause = if counted.is_ok() { EVERY } else { SOON };
        match counted {
            Ok(found) => {
                for of in found.iter().filter(|of| !told.contains(*of)) {
                    tracing::error!(
                        mch_id = of.mch_id,
                        app_id = of.app_id,
                        transfers = of.transfers,
                        "transfers of another merchant are under way and nobody follows them: set this merchant up again until they have ended"
                    );
                }
                told = found;
            }
            Err(fault) => tracing::warn!(%fault, "transfers of other merchants not counted"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}
