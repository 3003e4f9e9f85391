//! Reading what messages say.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// What the messages about a ticket name.
#[derive(Clone, Debug)]
pub struct Facts {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub claim_by: DateTime<Utc>,
    pub resolve_by: Option<DateTime<Utc>>,
    pub escalation_step: i32,
    pub subdistrict_name: Option<String>,
    pub department_name: Option<String>,
    pub reporter_name: Option<String>,
    pub co_reporter_names: Vec<String>,
}

/// The facts of these tickets, each named by its district and id; one that is named twice is answered twice.
pub async fn facts(pool: &PgPool, districts: &[Uuid], tickets: &[Uuid]) -> sqlx::Result<Vec<Facts>> {
    sqlx::query_as!(
        Facts,
        r#"select t.district_id, t.ticket_id, t.claim_by, t.resolve_by, t.escalation_step,
            (select p.name from tickets.place p where p.district_id = t.district_id and p.level = 2
                and (p.path = t.place_path or starts_with(t.place_path, p.path || '.')) limit 1) as "subdistrict_name?",
            (select d.name from tickets.department d
                where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
            (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
            array(select p.name from jsonb_array_elements(t.co_reports) r
                join tickets.person p on p.district_id = t.district_id and p.person_id = (r->>'person_id')::uuid
                where p.person_id <> t.reporter_id order by p.person_id) as "co_reporter_names!"
        from unnest($1::uuid[], $2::uuid[]) as asked (district_id, ticket_id)
        join tickets.ticket t on t.district_id = asked.district_id and t.ticket_id = asked.ticket_id"#,
        districts,
        tickets
    )
    .fetch_all(pool)
    .await
}
