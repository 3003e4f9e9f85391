use chassis::{access::Caller, faults::Fault, paging};

use crate::{Incentives, prize::PickUpPoint, store};

/// A page of the district's pick-up points, with the token of the next page.
pub async fn list_pickup_points(
    state: &Incentives,
    caller: &Caller,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<PickUpPoint>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let after: String = paging::after(page_token)?.unwrap_or_default();
    let mut points = store::pickup_point::list(&state.pool, caller.district_id, &after, size + 1).await?;
    let next = paging::cut(&mut points, size, |last| last.place_path.clone());
    Ok((points, next))
}
