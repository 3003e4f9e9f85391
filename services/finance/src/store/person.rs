//! The projection of people's names.
use sqlx::PgConnection;
use uuid::Uuid;

/// A person's name as a district knows it.
#[derive(Clone, Debug)]
pub struct Person {
    pub district_id: Uuid,
    pub person_id: Uuid,
    pub name: String,
}

/// Takes names as they are now; the last word on one wins.
pub async fn keep(connection: &mut PgConnection, people: &[Person]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = people.iter().map(|person| person.district_id).collect();
    let ids: Vec<Uuid> = people.iter().map(|person| person.person_id).collect();
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    sqlx::query!(
        "insert into finance.person (district_id, person_id, name)
        select distinct on (p.district_id, p.person_id) p.district_id, p.person_id, p.name
        from unnest($1::uuid[], $2::uuid[], $3::text[]) with ordinality p (district_id, person_id, name, number)
        order by p.district_id, p.person_id, p.number desc
        on conflict (district_id, person_id) do update set name = excluded.name",
        &districts,
        &ids,
        &names
    )
    .execute(connection)
    .await
    .map(drop)
}
