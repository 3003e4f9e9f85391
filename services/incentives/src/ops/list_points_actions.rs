use chassis::{access::Caller, faults::Fault, paging};

use crate::{
    Incentives,
    store::{self, audit::Logged},
};

/// What the staff of the caller's district did with points and prizes, the newest first, with the token of the next page.
pub async fn list_points_actions(
    state: &Incentives,
    caller: &Caller,
    subject: &str,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Logged>, String), Fault> {
    let size = paging::page_size(page_size)?;
    let below: i64 = paging::after(page_token)?.unwrap_or(i64::MAX);
    let mut found = store::audit::list(&state.pool, caller.district_id, subject, below, size + 1).await?;
    let next = paging::cut(&mut found, size, |last| last.audit_id);
    Ok((found, next))
}
