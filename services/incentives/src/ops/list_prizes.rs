use chassis::{access::Caller, faults::Fault, paging};
use uuid::Uuid;

use crate::{Incentives, Prize, store};

/// A page of the district's prizes, cheapest first, with the token of the next page.
pub async fn list_prizes(
    state: &Incentives,
    caller: &Caller,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Prize>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let after = paging::after(page_token)?.unwrap_or((0, Uuid::nil()));
    let mut prizes = store::prize::list(&state.pool, caller.district_id, after, size + 1).await?;
    let next = paging::cut(&mut prizes, size, |last| (last.points, last.prize_id));
    Ok((prizes, next))
}
