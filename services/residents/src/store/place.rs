use chassis::telemetry::traceparent_of_current;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::place::{Bounded, Place};

pub async fn get(executor: impl PgExecutor<'_>, district_id: Uuid, place_id: Uuid) -> sqlx::Result<Option<Place>> {
    sqlx::query_as!(
        Place,
        "select place_id, parent_id, level, path, name, full_name, center_lng, center_lat from residents.place \
         where district_id = $1 and place_id = $2",
        district_id,
        place_id
    )
    .fetch_optional(executor)
    .await
}

/// The district itself, as a place.
pub async fn root(pool: &PgPool, district_id: Uuid) -> sqlx::Result<Vec<Place>> {
    sqlx::query_as!(
        Place,
        "select place_id, parent_id, level, path, name, full_name, center_lng, center_lat from residents.place \
         where district_id = $1 and parent_id is null",
        district_id
    )
    .fetch_all(pool)
    .await
}

/// A page of the children of a place, by path.
pub async fn children(
    pool: &PgPool,
    district_id: Uuid,
    parent_id: Uuid,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Place>> {
    sqlx::query_as!(
        Place,
        "select place_id, parent_id, level, path, name, full_name, center_lng, center_lat from residents.place \
         where district_id = $1 and parent_id = $2 and path > $3 order by path limit $4",
        district_id,
        parent_id,
        after,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Every place of a district that has a boundary.
pub async fn bounded(pool: &PgPool, district_id: Uuid) -> sqlx::Result<Vec<Bounded>> {
    let rows = sqlx::query!(
        r#"select place_id, parent_id, level, path, name, full_name, center_lng, center_lat, boundary as "boundary!"
           from residents.place where district_id = $1 and boundary is not null order by path"#,
        district_id
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    let bounded = rows.map(|row| Bounded {
        ring: serde_json::from_value(row.boundary).unwrap_or_default(),
        place: Place {
            place_id: row.place_id,
            parent_id: row.parent_id,
            level: row.level,
            path: row.path,
            name: row.name,
            full_name: row.full_name,
            center_lng: row.center_lng,
            center_lat: row.center_lat,
        },
    });
    Ok(bounded.collect())
}

/// The places with these paths: path, id and level.
pub async fn by_paths(
    connection: &mut PgConnection,
    district_id: Uuid,
    paths: &[String],
) -> sqlx::Result<Vec<(String, Uuid, i16)>> {
    let rows = sqlx::query!(
        "select path, place_id, level from residents.place where district_id = $1 and path = any($2)",
        district_id,
        paths
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.path, row.place_id, row.level)).collect())
}

/// Places of one level to put, column by column.
#[derive(Default)]
pub struct Columns {
    pub ids: Vec<Uuid>,
    pub parents: Vec<Option<Uuid>>,
    pub paths: Vec<String>,
    pub names: Vec<String>,
    pub boundaries: Vec<Option<Value>>,
    pub lngs: Vec<Option<f64>>,
    pub lats: Vec<Option<f64>>,
}

/// Adds places of one level, renames known ones and moves their boundary where one is given; tells the others of what is
/// new or changed. Answers how many known ones got another name.
pub async fn put_all(
    connection: &mut PgConnection,
    district_id: Uuid,
    level: i16,
    rows: &Columns,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with row as (
              select * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::float8[], $8::float8[])
              as row (place_id, parent_id, path, name, boundary, lng, lat)
           ), put as (
              insert into residents.place as known
                 (district_id, place_id, parent_id, level, path, name, full_name, boundary, center_lng, center_lat, updated_at)
              select $1, row.place_id, row.parent_id, $9, row.path, row.name,
                 case when parent.level > 1 then parent.full_name || ' ' || row.name else row.name end,
                 row.boundary, row.lng, row.lat, $10
              from row left join residents.place parent on parent.district_id = $1 and parent.place_id = row.parent_id
              on conflict on constraint place_path_unique do update
              set name = excluded.name, full_name = excluded.full_name, updated_at = excluded.updated_at,
                 boundary = coalesce(excluded.boundary, known.boundary),
                 center_lng = coalesce(excluded.center_lng, known.center_lng),
                 center_lat = coalesce(excluded.center_lat, known.center_lat)
              where known.name <> excluded.name
                 or known.boundary is distinct from coalesce(excluded.boundary, known.boundary)
              returning *, xmax <> 0 as was_known
           ), told as (
              insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at)
              select $1, place_id, 'hemei.residents.v1.PlaceChanged', jsonb_build_object(
                 'place_id', place_id, 'parent_id', parent_id, 'name', name, 'full_name', full_name, 'level', level, 'path', path,
                 'boundary', case when level <= 5 then (select jsonb_agg(jsonb_build_object('lng', p -> 0, 'lat', p -> 1))
                    from jsonb_array_elements(boundary) p) end), $11, $10
              from put
           )
           select count(*) filter (where was_known) as "count!" from put"#,
        district_id,
        &rows.ids,
        &rows.parents as &[Option<Uuid>],
        &rows.paths,
        &rows.names,
        &rows.boundaries as &[Option<Value>],
        &rows.lngs as &[Option<f64>],
        &rows.lats as &[Option<f64>],
        level,
        at,
        traceparent_of_current()
    )
    .fetch_one(connection)
    .await
}

/// Gives the places of one level the full name that follows from their parents' and tells the others.
pub async fn rename_below(
    connection: &mut PgConnection,
    district_id: Uuid,
    level: i16,
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with renamed as (\
            update residents.place place set full_name = parent.full_name || ' ' || place.name, updated_at = $3 \
            from residents.place parent where place.district_id = $1 and place.level = $2 and parent.level > 1 \
            and parent.district_id = $1 and parent.place_id = place.parent_id \
            and place.full_name <> parent.full_name || ' ' || place.name returning place.*\
         ) \
         insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at) \
         select $1, place_id, 'hemei.residents.v1.PlaceChanged', jsonb_build_object(\
            'place_id', place_id, 'parent_id', parent_id, 'name', name, 'full_name', full_name, 'level', level, 'path', path, \
            'boundary', case when level <= 5 then (select jsonb_agg(jsonb_build_object('lng', p -> 0, 'lat', p -> 1)) \
               from jsonb_array_elements(boundary) p) end), $4, $3 \
         from renamed",
        district_id,
        level,
        at,
        traceparent_of_current()
    )
    .execute(connection)
    .await?;
    Ok(())
}
