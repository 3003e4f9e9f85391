//! Reading the places this service knows.
use sqlx::PgPool;
use uuid::Uuid;

/// A row of `tickets.place`, without what people read.
#[derive(Clone, Debug)]
pub struct Place {
    pub place_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub level: i16,
    pub path: String,
    pub boundary: sqlx::types::Json<Vec<(f64, f64)>>,
}

/// The places of a district.
pub async fn all(pool: &PgPool, district_id: Uuid) -> sqlx::Result<Vec<Place>> {
    sqlx::query_as!(
        Place,
        r#"select place_id, parent_id, level, path, boundary as "boundary: _" from tickets.place where district_id = $1"#,
        district_id
    )
    .fetch_all(pool)
    .await
}

/// How often the places of a district have changed; 0 for a district that is not known.
pub async fn revision(pool: &PgPool, district_id: Uuid) -> sqlx::Result<i64> {
    let revision = sqlx::query_scalar!("select revision from tickets.map where district_id = $1", district_id);
    Ok(revision.fetch_optional(pool).await?.unwrap_or(0))
}

/// Whether the district has this department.
pub async fn department_exists(pool: &PgPool, district_id: Uuid, department_id: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from tickets.department where district_id = $1 and department_id = $2) as "found!""#,
        district_id,
        department_id
    );
    found.fetch_one(pool).await
}

/// The name of a department.
pub async fn department_name(pool: &PgPool, district_id: Uuid, department_id: Uuid) -> sqlx::Result<Option<String>> {
    let found = sqlx::query_scalar!(
        "select name from tickets.department where district_id = $1 and department_id = $2",
        district_id,
        department_id
    );
    found.fetch_optional(pool).await
}

/// Every department of a district: id and name.
pub async fn department_names(pool: &PgPool, district_id: Uuid) -> sqlx::Result<Vec<(String, String)>> {
    let rows = sqlx::query!("select department_id, name from tickets.department where district_id = $1", district_id);
    Ok(rows.fetch_all(pool).await?.into_iter().map(|row| (row.department_id.to_string(), row.name)).collect())
}

/// Every place of a district at one level: path and name.
pub async fn names(pool: &PgPool, district_id: Uuid, level: i16) -> sqlx::Result<Vec<(String, String)>> {
    let rows =
        sqlx::query!("select path, name from tickets.place where district_id = $1 and level = $2", district_id, level);
    Ok(rows.fetch_all(pool).await?.into_iter().map(|row| (row.path, row.name)).collect())
}
