//! The projection of the places.
use sqlx::PgConnection;
use uuid::Uuid;

/// A place as this service knows it.
#[derive(Clone, Debug)]
pub struct Place {
    pub district_id: Uuid,
    pub place_id: Uuid,
    pub path: String,
    pub name: String,
}

/// Takes places as they are now; the last word on one wins.
pub async fn keep(connection: &mut PgConnection, places: &[Place]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = places.iter().map(|place| place.district_id).collect();
    let ids: Vec<Uuid> = places.iter().map(|place| place.place_id).collect();
    let paths: Vec<String> = places.iter().map(|place| place.path.clone()).collect();
    let names: Vec<String> = places.iter().map(|place| place.name.clone()).collect();
    sqlx::query!(
        "insert into incentives.place (district_id, place_id, path, name)
        select distinct on (p.district_id, p.place_id) p.district_id, p.place_id, p.path, p.name
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) with ordinality
            p (district_id, place_id, path, name, number)
        order by p.district_id, p.place_id, p.number desc
        on conflict (district_id, place_id) do update set path = excluded.path, name = excluded.name",
        &districts,
        &ids,
        &paths,
        &names
    )
    .execute(connection)
    .await
    .map(drop)
}
