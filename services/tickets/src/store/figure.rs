//! The sums over tickets.
use chrono::NaiveDate;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Counts these tickets anew, each named by its district and id, and those whose recurrence hangs on them.
pub async fn keep(connection: &mut PgConnection, districts: &[Uuid], tickets: &[Uuid]) -> sqlx::Result<()> {
    let kept = sqlx::query_file!("src/store/figure_keep.sql", districts, tickets);
    let kept = kept.fetch_all(&mut *connection).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let (closings, anew): (Vec<_>, Vec<_>) = kept.into_iter().partition(|row| row.came.is_some());
    let districts: Vec<_> = anew.iter().map(|row| row.district_id).collect();
    let tickets: Vec<_> = anew.iter().map(|row| row.ticket_id).collect();
    let came: Vec<_> = closings.iter().map(|closing| closing.came.unwrap_or_default()).collect();
    let of: Vec<_> = closings.iter().map(|closing| closing.district_id).collect();
    let categories: Vec<_> = closings.iter().map(|closing| closing.category_code.clone()).collect();
    let lngs: Vec<_> = closings.iter().filter_map(|closing| closing.gcj_lng).collect();
    let lats: Vec<_> = closings.iter().filter_map(|closing| closing.gcj_lat).collect();
    let ats: Vec<_> = closings.iter().filter_map(|closing| closing.closed_at).collect();
    let recurrences = sqlx::query_file!(
        "src/store/figure_recurrences.sql",
        &districts,
        &tickets,
        &came,
        &of,
        &categories,
        &lngs,
        &lats,
        &ats
    );
    recurrences.execute(connection).await.map(drop)
}

/// A sum that is not what the histories give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub district_id: Uuid,
    pub month: NaiveDate,
    pub department_id: Uuid,
    pub place_path: String,
    pub category_code: String,
    /// What the histories give; none where they have no such ticket.
    pub told: Option<Vec<i64>>,
    pub kept: Option<Vec<i64>>,
}

/// Every sum that is not what the histories give.
pub async fn compare(connection: &mut PgConnection) -> sqlx::Result<Vec<Difference>> {
    sqlx::query_file_as!(Difference, "src/store/figure_compare.sql").fetch_all(connection).await
}

/// Drops every sum, to be counted anew.
pub async fn forget(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("delete from tickets.figure").execute(&mut *connection).await?;
    sqlx::query!("delete from tickets.figure_ticket").execute(connection).await.map(drop)
}

/// The next tickets after one, by district and id.
pub async fn tickets_after(
    connection: &mut PgConnection,
    (district, ticket): (Uuid, Uuid),
    rows: i64,
) -> sqlx::Result<Vec<(Uuid, Uuid)>> {
    let rows = sqlx::query!(
        "select district_id, ticket_id from tickets.ticket where (district_id, ticket_id) > ($1, $2)
        order by district_id, ticket_id limit $3",
        district,
        ticket,
        rows
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.district_id, row.ticket_id)).collect())
}

/// Which sums are asked for.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub district_id: Uuid,
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// None: everywhere.
    pub places: Option<&'a [String]>,
    /// None: all.
    pub departments: Option<&'a [Uuid]>,
    /// DEPARTMENT, PLACE, CATEGORY, MONTH, or empty for one sum.
    pub by: &'a str,
}

/// The sums by key; at most 1,000.
pub async fn sums(pool: &PgPool, wanted: &Wanted<'_>) -> sqlx::Result<Vec<(String, Vec<i64>)>> {
    let rows = sqlx::query_file!(
        "src/store/figure_sums.sql",
        wanted.district_id,
        wanted.from,
        wanted.until,
        wanted.places as _,
        wanted.departments as _,
        wanted.by,
    );
    Ok(rows.fetch_all(pool).await?.into_iter().map(|row| (row.key, row.counters)).collect())
}

/// What is overdue now, since when the oldest, and for how long.
#[derive(Clone, Debug)]
pub struct Overdue {
    pub many: i64,
    pub oldest: Option<chrono::DateTime<chrono::Utc>>,
    pub mean_minutes: i64,
    pub over_1_day: i64,
    pub over_3_days: i64,
}

/// The open tickets whose resolve deadline has passed.
pub async fn overdue(pool: &PgPool, wanted: &Wanted<'_>, now: chrono::DateTime<chrono::Utc>) -> sqlx::Result<Overdue> {
    sqlx::query_as!(
        Overdue,
        r#"select count(*) as "many!", min(t.resolve_by) as oldest,
            coalesce(avg(extract(epoch from $2 - t.resolve_by)) / 60, 0)::int8 as "mean_minutes!",
            count(*) filter (where t.resolve_by < $2 - interval '1 day') as "over_1_day!",
            count(*) filter (where t.resolve_by < $2 - interval '3 days') as "over_3_days!"
        from tickets.ticket t
        where t.district_id = $1 and t.due_at is not null and t.resolve_by < $2 and t.state <> 'FEEDBACK'
            and ($3::text[] is null or exists (select from unnest($3::text[]) p where t.place_path = p or starts_with(t.place_path, p || '.')))
            and ($4::uuid[] is null or t.department_id = any ($4::uuid[]))"#,
        wanted.district_id,
        now,
        wanted.places as _,
        wanted.departments as _,
    )
    .fetch_one(pool)
    .await
}
