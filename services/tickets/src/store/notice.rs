//! Reading what is said about tickets, and whom it concerns.
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// What the words about a ticket name.
#[derive(Clone, Debug)]
pub struct Facts {
    pub district_id: Uuid,
    pub ticket_id: Uuid,
    pub claim_by: DateTime<Utc>,
    pub promised_by: DateTime<Utc>,
    pub resolve_by: Option<DateTime<Utc>>,
    pub escalation_step: i32,
    pub reporter_id: Uuid,
    pub co_reporter_ids: Vec<Uuid>,
    pub subdistrict_name: Option<String>,
    pub community_name: Option<String>,
    pub department_name: Option<String>,
    pub assisting_names: Vec<String>,
    pub invited_ids: Vec<Uuid>,
    pub invited_names: Vec<String>,
    pub reporter_name: Option<String>,
    pub checker_name: Option<String>,
    pub co_reporter_names: Vec<String>,
}

/// The facts of these tickets, each named by its district and id.
pub async fn facts(executor: impl PgExecutor<'_>, districts: &[Uuid], tickets: &[Uuid]) -> sqlx::Result<Vec<Facts>> {
    sqlx::query_file_as!(Facts, "src/store/notice_facts.sql", districts, tickets).fetch_all(executor).await
}

/// Holders of a post: the role, and the place or the department they hold it for.
#[derive(Clone, Debug)]
pub struct Holders {
    pub district_id: Uuid,
    pub role: &'static str,
    pub place_path: String,
    pub department_id: Option<Uuid>,
}

/// Who holds them today: the number of the question from 1, and a person.
pub async fn holders(
    executor: impl PgExecutor<'_>,
    asked: &[Holders],
    today: NaiveDate,
) -> sqlx::Result<Vec<(i64, Uuid)>> {
    let rows = sqlx::query!(
        r#"select distinct a.number as "number!", p.person_id
        from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) with ordinality a (district_id, role, place_path, department_id, number)
        join tickets.post p on p.district_id = a.district_id and p.role = a.role
            and (a.place_path = '' or p.place_path = a.place_path)
            and (a.department_id is null or p.department_id = a.department_id)
        where p.until_date is null or p.until_date >= $5
        order by 1, 2"#,
        &asked.iter().map(|one| one.district_id).collect::<Vec<_>>(),
        &asked.iter().map(|one| one.role).collect::<Vec<_>>() as _,
        &asked.iter().map(|one| one.place_path.as_str()).collect::<Vec<_>>() as _,
        &asked.iter().map(|one| one.department_id).collect::<Vec<_>>() as _,
        today
    );
    Ok(rows.fetch_all(executor).await?.into_iter().map(|row| (row.number, row.person_id)).collect())
}
