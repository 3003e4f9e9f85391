use chassis::telemetry::traceparent_of_current;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A department of a district.
#[derive(Clone, Debug)]
pub struct Department {
    pub department_id: Uuid,
    pub code: String,
    pub name: String,
}

/// A page of departments by code.
pub async fn list(pool: &PgPool, district_id: Uuid, after: &str, limit: i64) -> sqlx::Result<Vec<Department>> {
    sqlx::query_as!(
        Department,
        "select department_id, code, name from residents.department where district_id = $1 and code > $2 order by code limit $3",
        district_id,
        after,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Adds departments and renames known ones; tells the others of those that are new or have another name.
pub async fn put_all(
    connection: &mut PgConnection,
    district_id: Uuid,
    departments: &[Department],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = departments.iter().map(|department| department.department_id).collect();
    let codes: Vec<String> = departments.iter().map(|department| department.code.clone()).collect();
    let names: Vec<String> = departments.iter().map(|department| department.name.clone()).collect();
    sqlx::query!(
        "with put as (\
            insert into residents.department as known (district_id, department_id, code, name) \
            select $1, department_id, code, name from unnest($2::uuid[], $3::text[], $4::text[]) as row (department_id, code, name) \
            on conflict on constraint department_code_unique do update set name = excluded.name where known.name <> excluded.name \
            returning department_id, code, name\
         ) \
         insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at) \
         select $1, department_id, 'hemei.residents.v1.DepartmentChanged', \
            jsonb_build_object('department_id', department_id, 'code', code, 'name', name), $5, $6 from put",
        district_id,
        &ids,
        &codes,
        &names,
        traceparent_of_current(),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Every department of a district by code: there are dozens at most.
pub async fn all(connection: &mut PgConnection, district_id: Uuid) -> sqlx::Result<Vec<Department>> {
    sqlx::query_as!(
        Department,
        "select department_id, code, name from residents.department where district_id = $1 order by code",
        district_id
    )
    .fetch_all(connection)
    .await
}

/// Whether the district has this department.
pub async fn exists(connection: &mut PgConnection, district_id: Uuid, department_id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from residents.department where district_id = $1 and department_id = $2) as "exists!""#,
        district_id,
        department_id
    )
    .fetch_one(connection)
    .await
}
