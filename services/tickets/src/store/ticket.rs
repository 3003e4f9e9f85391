//! Reading tickets.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::ticket::{Scope, Ticket};

/// Where a page begins: below this row.
pub type Below = (DateTime<Utc>, Uuid);

/// What a page is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    pub state: Option<&'a str>,
    pub below: Below,
    pub rows: i64,
}

/// One ticket of a district.
pub async fn get(pool: &PgPool, district_id: Uuid, ticket_id: Uuid) -> sqlx::Result<Option<Ticket>> {
    sqlx::query_file_as!(Ticket, "src/store/get.sql", district_id, ticket_id).fetch_optional(pool).await
}

/// Several tickets, each of its own district.
pub async fn get_many(pool: &PgPool, districts: &[Uuid], tickets: &[Uuid]) -> sqlx::Result<Vec<Ticket>> {
    sqlx::query_file_as!(Ticket, "src/store/get_many.sql", districts, tickets).fetch_all(pool).await
}

/// What one person reported, newest first.
pub async fn list_mine(pool: &PgPool, district: Uuid, person: Uuid, page: Page<'_>) -> sqlx::Result<Vec<Ticket>> {
    let Page { state, below: (at, id), rows } = page;
    sqlx::query_file_as!(Ticket, "src/store/list_mine.sql", district, person, state as _, at, id, rows)
        .fetch_all(pool)
        .await
}

/// All tickets of a district, newest first.
pub async fn list_district(pool: &PgPool, district: Uuid, page: Page<'_>) -> sqlx::Result<Vec<Ticket>> {
    let Page { state, below: (at, id), rows } = page;
    sqlx::query_file_as!(Ticket, "src/store/list_district.sql", district, state as _, at, id, rows)
        .fetch_all(pool)
        .await
}

/// What staff posts reach, newest first.
pub async fn list_scope(pool: &PgPool, district: Uuid, scope: &Scope, page: Page<'_>) -> sqlx::Result<Vec<Ticket>> {
    let Page { state, below: (at, id), rows } = page;
    let departments = &scope.departments;
    let (Some(first), Some(last)) = (scope.places.iter().min(), scope.places.iter().max()) else {
        let list = sqlx::query_file_as!(
            Ticket,
            "src/store/list_department.sql",
            district,
            departments,
            state as _,
            at,
            id,
            rows
        );
        return list.fetch_all(pool).await;
    };
    // '/' follows '.' in the order of bytes, so that these bounds enclose every path at or below the places.
    let (from, to) =
        if departments.is_empty() { (first.clone(), format!("{last}/")) } else { (String::new(), "~".into()) };
    let places = &scope.places;
    let list = sqlx::query_file_as!(
        Ticket,
        "src/store/list_places.sql",
        district,
        places,
        from,
        to,
        departments,
        state as _,
        at,
        id,
        rows
    );
    list.fetch_all(pool).await
}
