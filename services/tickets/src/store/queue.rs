//! What waits for whom.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::ticket::Ticket;

/// What a page of a queue is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    pub holders: Vec<String>,
    pub departments: Vec<Uuid>,
    pub state: Option<&'static str>,
    pub priority: Option<i16>,
    pub place_path: String,
    pub overdue: bool,
    pub now: DateTime<Utc>,
    /// After this deadline and id.
    pub above: (DateTime<Utc>, Uuid),
    pub rows: i64,
}

/// The tickets that wait for some holders, the next deadline first.
pub async fn list(pool: &PgPool, district_id: Uuid, page: Page) -> sqlx::Result<Vec<Ticket>> {
    sqlx::query_file_as!(
        Ticket,
        "src/store/queue.sql",
        district_id,
        &page.holders,
        &page.departments,
        page.state as _,
        page.priority as _,
        page.place_path,
        page.overdue,
        page.now,
        page.above.0,
        page.above.1,
        page.rows,
    )
    .fetch_all(pool)
    .await
}
