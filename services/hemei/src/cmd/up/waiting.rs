//! How much work waits for the liaison of the story.
use anyhow::Result;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// The tickets of a street that wait for a claim in time.
pub struct Waiting {
    count: i64,
    /// The nearest deadline.
    next: DateTime<Utc>,
}

impl Waiting {
    /// What waits below a place; none where nothing does.
    pub async fn below(pool: &PgPool, place_id: Uuid, now: DateTime<Utc>) -> Result<Option<Self>> {
        let query = sqlx::query_as(
            "select count(*), min(ticket.claim_by) from tickets.ticket join tickets.place using (district_id) \
             where place.place_id = $1 and ticket.state = 'POOL' and ticket.claim_by > $2 \
             and (ticket.place_path = place.path or starts_with(ticket.place_path, place.path || '.'))",
        );
        let (count, next): (i64, Option<DateTime<Utc>>) = query.bind(place_id).bind(now).fetch_one(pool).await?;
        Ok(next.map(|next| Self { count, next }))
    }

    /// "← 3 条待认领，最近一条剩 06:40"
    pub fn text(&self, now: DateTime<Utc>) -> String {
        let left = (self.next - now).num_seconds().max(0);
        format!("← {} 条待认领，最近一条剩 {:02}:{:02}", self.count, left / 60, left % 60)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn what_is_left_is_told_in_minutes_and_seconds() {
        let now = DateTime::UNIX_EPOCH;
        let waiting = Waiting { count: 3, next: now + TimeDelta::seconds(400) };
        assert_eq!(waiting.text(now), "← 3 条待认领，最近一条剩 06:40");
        assert!(waiting.text(now + TimeDelta::hours(1)).ends_with("剩 00:00"));
    }
}
