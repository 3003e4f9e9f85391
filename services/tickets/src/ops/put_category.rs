//! A district's own wording of a category.
use std::sync::Arc;

use chassis::{access::Caller, faults::Fault};

use crate::{
    Tickets,
    category::{Category, TILES, TO_BE_CLASSIFIED, tiles},
    store::{self, category::CategoryVersion},
    wire::etag,
};

/// Sets a category of the caller's district; the same again changes nothing.
pub async fn put_category(
    tickets: &Tickets,
    caller: &Caller,
    wanted: Category,
    if_match: Option<i64>,
) -> Result<Arc<Category>, Fault> {
    let district = caller.district_id;
    tickets.categories.refresh(&tickets.pool).await?;
    check(tickets, caller, &wanted)?;
    let known = tickets.categories.known(district, &wanted.category_code);
    if known.as_ref().is_some_and(|known| known.says_the_same(&wanted)) {
        return known.ok_or_else(|| Fault::unavailable("gone"));
    }
    let version = known.map_or(0, |known| known.version);
    let asked = if_match.unwrap_or(i64::from(version));
    let made = (caller.person_id, caller.role.as_str_name(), tickets.clock.now());
    let wanted = Category { district_id: district, version, ..wanted };
    let written = asked == i64::from(version)
        && store::category::put(&tickets.pool, std::slice::from_ref(&wanted), made).await? > 0;
    tickets.refresh_terms().await?;
    tickets.categories.refresh(&tickets.pool).await?;
    let now = tickets.categories.known(district, &wanted.category_code);
    match now {
        Some(now) if written || now.says_the_same(&wanted) => Ok(now),
        now => Err(Fault::conflict("ETAG_MISMATCH", "the category has changed")
            .fact("etag", etag(now.map_or(0, |now| now.version.into())))),
    }
}

fn check(tickets: &Tickets, caller: &Caller, wanted: &Category) -> Result<(), Fault> {
    let departments = tickets.staff.departments(caller.district_id);
    if !departments.by_code.is_empty() && !departments.by_code.contains_key(&wanted.department_code) {
        let known: Vec<_> = departments.by_code.keys().map(String::as_str).collect();
        return Err(Fault::field("department_code", format!("must be one of {}", known.join(", "))));
    }
    if wanted.category_code == TO_BE_CLASSIFIED && wanted.retired {
        return Err(Fault::field("retired", "99999 is what a report has when its sender does not say"));
    }
    let list = tickets.categories.of(caller.district_id);
    let others = list.iter().filter(|one| one.category_code != wanted.category_code);
    let tiles = tiles(others.map(AsRef::as_ref));
    let one_more = !wanted.retired && !wanted.tile.is_empty() && !tiles.contains(wanted.tile.as_str());
    if one_more && tiles.len() >= TILES {
        let tiles: Vec<&str> = tiles.into_iter().collect();
        return Err(Fault::field("tile", format!("a phone shows at most {TILES} tiles: {}", tiles.join(", "))));
    }
    Ok(())
}

/// The district's versions of a category, the newest first.
pub async fn list_category_versions(
    tickets: &Tickets,
    caller: &Caller,
    category_code: &str,
) -> Result<Vec<CategoryVersion>, Fault> {
    Ok(store::category::versions(&tickets.pool, caller.district_id, category_code).await?)
}
