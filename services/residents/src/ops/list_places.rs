use chassis::paging;
use uuid::Uuid;

use crate::{Residents, error::Error, place::Place, store};

/// A page of the children of a place by path, and the token of the next page; without a parent the district itself.
pub async fn list_places(
    residents: &Residents,
    district_id: Uuid,
    parent_id: Option<Uuid>,
    page_size: i32,
    page_token: &str,
) -> Result<(Vec<Place>, String), Error> {
    let size = paging::page_size(page_size)?;
    let after = paging::after::<String>(page_token)?.unwrap_or_default();
    let Some(parent_id) = parent_id else {
        return Ok((store::place::root(&residents.pool, district_id).await?, String::new()));
    };
    let mut places = store::place::children(&residents.pool, district_id, parent_id, &after, size + 1).await?;
    if places.is_empty() {
        let parent = store::place::get(&residents.pool, district_id, parent_id).await?;
        parent.ok_or(Error::PlaceNotFound("parent_id"))?;
    }
    let next = paging::cut(&mut places, size, |last| last.path.clone());
    Ok((places, next))
}
