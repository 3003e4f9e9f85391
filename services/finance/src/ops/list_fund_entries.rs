use chassis::{access::Caller, faults::Fault, paging};
use uuid::Uuid;

use crate::{Entry, Finance, store};

/// A page of a fund's entries, newest first, with the token of the next page.
pub async fn list_fund_entries(
    state: &Finance,
    caller: &Caller,
    place_id: Uuid,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Entry>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let below = paging::after(page_token)?.unwrap_or(i64::MAX);
    super::get_fund(state, caller, place_id).await?;
    let mut entries = store::entry::list(&state.pool, caller.district_id, place_id, below, size + 1).await?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = entries.len() > size;
    entries.truncate(size);
    let last = entries.last().filter(|_| more);
    let next_page_token = last.map(|last| paging::encode(&last.transfer_id)).unwrap_or_default();
    Ok((entries, next_page_token))
}
