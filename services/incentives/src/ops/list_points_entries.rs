use chassis::{access::Caller, faults::Fault, paging};
use uuid::Uuid;

use crate::{Entry, Incentives, store};

/// A page of a member's entries, newest first, with the token of the next page.
pub async fn list_points_entries(
    state: &Incentives,
    caller: &Caller,
    person_id: Uuid,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Entry>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let below = paging::after(page_token)?.unwrap_or((i64::MAX, i32::MAX));
    let mut entries = store::points::entries(&state.pool, caller.district_id, person_id, below, size + 1).await?;
    let next = paging::cut(&mut entries, size, |last| (last.transfer_id, last.side));
    Ok((entries, next))
}
