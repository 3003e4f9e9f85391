//! What the staff did.
use chassis::{access::Caller, faults::Fault, paging};

use super::check_text;
use crate::{
    Tickets,
    store::{self, audit::Logged},
};

/// The actions of the caller's district, the newest first, with the token of the next page.
pub async fn list_actions(
    tickets: &Tickets,
    caller: &Caller,
    subject: &str,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Logged>, String), Fault> {
    check_text("subject", subject, 100)?;
    let asked = paging::page_size(page_size)?;
    let below: i64 = paging::after(page_token)?.unwrap_or(i64::MAX);
    let mut found = store::audit::list(&tickets.pool, caller.district_id, subject, below, asked + 1).await?;
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).map(|action| paging::encode(&action.audit_id));
    Ok((found, last.unwrap_or_default()))
}
