//! What can be reported.
use std::sync::Arc;

use chassis::{access::Caller, faults::Fault};

use crate::{Tickets, category::Category};

/// The categories of the caller's district, by code; those that are offered no more only where asked for.
pub async fn list_categories(tickets: &Tickets, caller: &Caller, retired: bool) -> Result<Vec<Arc<Category>>, Fault> {
    tickets.categories.refresh(&tickets.pool).await?;
    let mut list = tickets.categories.of(caller.district_id);
    list.retain(|category| retired || !category.retired);
    Ok(list)
}
