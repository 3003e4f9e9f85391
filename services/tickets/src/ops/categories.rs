//! What can be reported.
use std::sync::Arc;

use chassis::{access::Caller, faults::Fault};

use crate::{Tickets, category::Category};

/// The categories of the caller's district, by code.
pub async fn list_categories(tickets: &Tickets, caller: &Caller) -> Result<Vec<Arc<Category>>, Fault> {
    tickets.categories.refresh(&tickets.pool).await?;
    Ok(tickets.categories.of(caller.district_id))
}
