//! Funds and what their purposes hold.
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::fund::{Fund, Purpose};

/// A compound as residents told it.
#[derive(Clone, Debug)]
pub struct Compound {
    pub district_id: Uuid,
    pub place_id: Uuid,
    pub path: String,
    pub name: String,
}

/// Takes compounds as they are now; the last word on one wins.
pub async fn keep(connection: &mut PgConnection, compounds: &[Compound]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = compounds.iter().map(|compound| compound.district_id).collect();
    let ids: Vec<Uuid> = compounds.iter().map(|compound| compound.place_id).collect();
    let paths: Vec<String> = compounds.iter().map(|compound| compound.path.clone()).collect();
    let names: Vec<String> = compounds.iter().map(|compound| compound.name.clone()).collect();
    sqlx::query!(
        "insert into finance.fund (district_id, place_id, path, name)
        select distinct on (c.district_id, c.place_id) c.district_id, c.place_id, c.path, c.name
        from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) with ordinality
            c (district_id, place_id, path, name, number)
        order by c.district_id, c.place_id, c.number desc
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

/// The fund of a compound of the district, with every purpose that was ever used.
pub async fn find(pool: &PgPool, district_id: Uuid, place_id: Uuid) -> sqlx::Result<Option<Fund>> {
    let rows = sqlx::query!(
        r#"select f.path, f.name, a.purpose as "purpose?", a.posted as "posted?"
        from finance.fund f
        left join finance.account a on a.district_id = f.district_id and a.owner_id = f.place_id
        where f.district_id = $1 and f.place_id = $2
        order by a.purpose"#,
        district_id,
        place_id
    );
    let rows = rows.fetch_all(pool).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (path, name) = (first.path.clone(), first.name.clone());
    let purpose = |(purpose, balance_fen)| Purpose { purpose, balance_fen };
    let purposes = rows.into_iter().filter_map(|row| row.purpose.zip(row.posted).map(purpose)).collect();
    Ok(Some(Fund { place_id, path, name, purposes }))
}
