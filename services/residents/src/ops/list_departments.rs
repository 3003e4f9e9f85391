use chassis::paging;
use uuid::Uuid;

use crate::{Residents, error::Error, store, store::department::Department};

/// A page of the district's departments by code, and the token of the next page.
pub async fn list_departments(
    residents: &Residents,
    district_id: Uuid,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Department>, String), Error> {
    let size = paging::page_size(page_size)?;
    let after = paging::after::<String>(page_token)?.unwrap_or_default();
    let mut departments = store::department::list(&residents.pool, district_id, &after, size + 1).await?;
    let next = paging::cut(&mut departments, size, |last| last.code.clone());
    Ok((departments, next))
}
