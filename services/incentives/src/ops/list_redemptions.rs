use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Incentives, Redemption, store};

/// A page of the caller's redemptions, newest first, with the token of the next page.
pub async fn list_redemptions(
    state: &Incentives,
    caller: &Caller,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Redemption>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let below: Option<(i64, Uuid)> = paging::after(page_token)?;
    let (micros, id) = below.unwrap_or((state.clock.now().timestamp_micros() + DAY_MICROS, Uuid::max()));
    let below = (DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default(), id);
    let mut redemptions =
        store::redemption::list(&state.pool, caller.district_id, caller.person_id, below, size + 1).await?;
    let next = super::cut(&mut redemptions, size, |last| (last.created_at.timestamp_micros(), last.redemption_id));
    Ok((redemptions, next))
}

/// The first page begins a day ahead: the clocks of two machines are never that far apart.
const DAY_MICROS: i64 = 86_400_000_000;
