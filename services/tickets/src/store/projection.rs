//! What the residents service tells, kept for reading: set-based, the last word of a batch wins.
use proto::residents::v1::{DepartmentChanged, PersonChanged, PlaceChanged, PostChanged};
use sqlx::PgConnection;
use uuid::Uuid;

/// A change with the district and the id it is about.
pub type Told<M> = (Uuid, Uuid, M);

fn all<'a, M, T>(told: &'a [Told<M>], column: impl Fn(&'a Told<M>) -> T) -> Vec<T> {
    told.iter().map(column).collect()
}

/// Keeps places, and lets every replica know that the map of their districts has changed.
pub async fn keep_places(connection: &mut PgConnection, told: &[Told<PlaceChanged>]) -> sqlx::Result<()> {
    let rings = all(told, |(.., place)| {
        serde_json::Value::from_iter(place.boundary.iter().map(|point| vec![point.lng, point.lat]))
    });
    sqlx::query!(
        "with kept as (
            insert into tickets.place (district_id, place_id, parent_id, name, full_name, level, path, boundary)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int2[], $7::text[], $8::jsonb[])
            on conflict on constraint place_key do update set
                parent_id = excluded.parent_id, name = excluded.name, full_name = excluded.full_name, level = excluded.level,
                path = excluded.path, boundary = excluded.boundary
            returning district_id
        )
        insert into tickets.map as m (district_id, revision)
        select distinct district_id, 1 from kept
        on conflict on constraint map_key do update set revision = m.revision + 1",
        &all(told, |(district, ..)| *district),
        &all(told, |(_, id, _)| *id),
        &all(told, |(.., place)| place.parent_id.parse::<Uuid>().ok()) as _,
        &all(told, |(.., place)| place.name.as_str()) as _,
        &all(told, |(.., place)| place.full_name.as_str()) as _,
        &all(told, |(.., place)| i16::try_from(place.level).unwrap_or(0)),
        &all(told, |(.., place)| place.path.as_str()) as _,
        &rings,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps the names of people.
pub async fn keep_people(connection: &mut PgConnection, told: &[Told<PersonChanged>]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tickets.person (district_id, person_id, name)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[])
        on conflict on constraint person_key do update set name = excluded.name",
        &all(told, |(district, ..)| *district),
        &all(told, |(_, id, _)| *id),
        &all(told, |(.., person)| person.name.as_str()) as _,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps departments.
pub async fn keep_departments(connection: &mut PgConnection, told: &[Told<DepartmentChanged>]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tickets.department (district_id, department_id, name, code)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
        on conflict on constraint department_key do update set name = excluded.name, code = excluded.code",
        &all(told, |(district, ..)| *district),
        &all(told, |(_, id, _)| *id),
        &all(told, |(.., department)| department.name.as_str()) as _,
        &all(told, |(.., department)| department.code.as_str()) as _,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Keeps the posts of the staff; one that has ended is taken out by its last day.
pub async fn keep_posts(connection: &mut PgConnection, told: &[Told<PostChanged>]) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tickets.post (district_id, post_id, person_id, role, place_path, department_id, until_date, phone_sealed)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::date[], $8::bytea[])
        on conflict on constraint post_key do update set
            person_id = excluded.person_id, role = excluded.role, place_path = excluded.place_path,
            department_id = excluded.department_id, until_date = excluded.until_date, phone_sealed = excluded.phone_sealed",
        &all(told, |(district, ..)| *district),
        &all(told, |(_, id, _)| *id),
        &all(told, |(.., post)| post.person_id.parse::<Uuid>().unwrap_or_default()),
        &all(told, |(.., post)| post.role().as_str_name()) as _,
        &all(told, |(.., post)| post.place_path.as_str()) as _,
        &all(told, |(.., post)| post.department_id.as_ref().and_then(|id| id.parse::<Uuid>().ok())) as _,
        &all(told, |(.., post)| post.until_date.as_ref().and_then(|date| date.parse::<chrono::NaiveDate>().ok())) as _,
        &all(told, |(.., post)| post.phone_sealed.as_deref()) as _,
    )
    .execute(connection)
    .await
    .map(drop)
}
