use chassis::{access::Caller, faults::Fault, paging};
use chrono::{DateTime, TimeDelta, Utc};
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
    // The first page begins a day ahead: the clocks of two machines are never that far apart.
    let first = (state.clock.now() + TimeDelta::days(1), Uuid::max());
    let (at, id): (DateTime<Utc>, Uuid) = paging::after(page_token)?.unwrap_or(first);
    let below = (paging::instant(at)?, id);
    let mut redemptions =
        store::redemption::list(&state.pool, caller.district_id, caller.person_id, below, size + 1).await?;
    let next = paging::cut(&mut redemptions, size, |last| (last.created_at, last.redemption_id));
    Ok((redemptions, next))
}
