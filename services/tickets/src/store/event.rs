//! Reading histories.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// A row of `tickets.event` with the actor's name.
#[derive(Clone, Debug)]
pub struct Event {
    pub sequence: i64,
    pub transition: String,
    pub from_state: String,
    pub to_state: String,
    pub at: DateTime<Utc>,
    pub actor_id: Option<Uuid>,
    pub actor_role: String,
    pub actor_name: Option<String>,
    pub timer: String,
    pub text: String,
}

/// The history of a ticket after an event, oldest first.
pub async fn list(pool: &PgPool, district: Uuid, ticket: Uuid, after: i64, rows: i64) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        r#"select e.sequence, e.transition, e.from_state, e.to_state, e.at, e.actor_id, e.actor_role, p.name as "actor_name?", e.timer, e.text
        from tickets.event e
        left join tickets.person p on p.district_id = e.district_id and p.person_id = e.actor_id
        where e.district_id = $1 and e.ticket_id = $2 and e.sequence > $3
        order by e.sequence
        limit $4"#,
        district,
        ticket,
        after,
        rows
    )
    .fetch_all(pool)
    .await
}
