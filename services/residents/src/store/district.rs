use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::district::District;

pub async fn get(connection: &mut PgConnection, district_id: Uuid) -> sqlx::Result<Option<District>> {
    sqlx::query_as!(
        District,
        "select d.district_id, d.code, d.name, p.place_id as root_place_id from residents.district d \
         join residents.place p on p.district_id = d.district_id and p.path = d.code where d.district_id = $1",
        district_id
    )
    .fetch_optional(connection)
    .await
}

/// The district where people without a post sign in.
pub async fn main(connection: &mut PgConnection) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!("select district_id from residents.district where is_main").fetch_optional(connection).await
}

/// The id of the district with this code.
pub async fn by_code(pool: &PgPool, code: &str) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!("select district_id from residents.district where code = $1", code).fetch_optional(pool).await
}

pub async fn map_version(pool: &PgPool, district_id: Uuid) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("select map_version from residents.district where district_id = $1", district_id)
        .fetch_optional(pool)
        .await
}

/// Makes cached maps of the district old; to be called in the transaction that changes places.
pub async fn map_changed(connection: &mut PgConnection, district_id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("update residents.district set map_version = map_version + 1 where district_id = $1", district_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds a district with its root place and tells the others; the first one is the main one.
pub async fn add(connection: &mut PgConnection, district: &District, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "with district as (\
            insert into residents.district (district_id, code, name, is_main, created_at) \
            select $1, $2, $3, not exists (select from residents.district where is_main), $5 \
            returning district_id, code, name\
         ), place as (\
            insert into residents.place (district_id, place_id, level, path, name, full_name, updated_at) \
            select district_id, $4, 1, code, name, name, $5 from district returning *\
         ) \
         insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at) \
         select district_id, place_id, 'hemei.residents.v1.PlaceChanged', \
            jsonb_build_object('place_id', place_id, 'name', name, 'full_name', full_name, 'level', level, 'path', path), $6, $5 \
         from place",
        district.district_id,
        district.code,
        district.name,
        district.root_place_id,
        at,
        chassis::telemetry::traceparent_of_current()
    )
    .execute(connection)
    .await?;
    Ok(())
}
