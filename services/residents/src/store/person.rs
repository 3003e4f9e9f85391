use chassis::{telemetry::traceparent_of_current, vault::Vault};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::phone::Phone;

/// The column that phones are sealed for.
pub const PHONE: &str = "person.phone";

/// A person as stored.
pub struct Stored {
    pub person_id: Uuid,
    pub name: String,
    pub phone_sealed: Vec<u8>,
}

pub async fn get(connection: &mut PgConnection, person_id: Uuid) -> sqlx::Result<Option<Stored>> {
    sqlx::query_as!(
        Stored,
        "select person_id, name, phone_sealed from residents.person where person_id = $1",
        person_id
    )
    .fetch_optional(connection)
    .await
}

/// The person with this phone, made where there is none. One phone is one person, also when two ask at once.
pub async fn ensure(
    connection: &mut PgConnection,
    vault: &Vault,
    phone: &Phone,
    name: &str,
    at: DateTime<Utc>,
) -> sqlx::Result<Uuid> {
    let sealed = vault.seal(PHONE, phone.digits());
    let (blind, blinds) = (vault.blind(PHONE, phone.digits()), vault.blinds(PHONE, phone.digits()));
    loop {
        let found = sqlx::query_scalar!(
            r#"with known as (select person_id from residents.person where phone_blind = any($1)),
               made as (
                  insert into residents.person (person_id, name, phone_sealed, phone_blind, created_at)
                  select $2, $3, $4, $5, $6 where not exists (select from known)
                  on conflict on constraint person_phone_unique do nothing returning person_id
               )
               select person_id as "person_id!" from known union all select person_id from made"#,
            &blinds,
            Uuid::now_v7(),
            name,
            sealed,
            blind,
            at
        )
        .fetch_optional(&mut *connection)
        .await?;
        // None: somebody else made them just now, so the next look finds them.
        if let Some(person_id) = found {
            return Ok(person_id);
        }
    }
}

/// Makes persons known in a district and tells the others the names of those who are new there.
pub async fn join_district(
    connection: &mut PgConnection,
    district_id: Uuid,
    persons: &[Uuid],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with joined as (\
            insert into residents.member (district_id, person_id) \
            select $1, person_id from unnest($2::uuid[]) as asked (person_id) on conflict do nothing returning person_id\
         ) \
         insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at) \
         select $1, person_id, 'hemei.residents.v1.PersonChanged', \
            jsonb_build_object('person_id', person_id, 'name', name), $3, $4 \
         from joined join residents.person using (person_id)",
        district_id,
        persons,
        traceparent_of_current(),
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether the district knows the person: they signed in there before, or somebody registered them.
pub async fn is_member(connection: &mut PgConnection, district_id: Uuid, person_id: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from residents.member where district_id = $1 and person_id = $2) as "exists!""#,
        district_id,
        person_id
    )
    .fetch_one(connection)
    .await
}

/// Which of these blind phones are known, and whose they are.
pub async fn by_blinds(connection: &mut PgConnection, blinds: &[Vec<u8>]) -> sqlx::Result<Vec<(Vec<u8>, Uuid)>> {
    let rows = sqlx::query!("select phone_blind, person_id from residents.person where phone_blind = any($1)", blinds);
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.phone_blind, row.person_id)).collect())
}

/// People to add, column by column.
#[derive(Default)]
pub struct Columns {
    pub ids: Vec<Uuid>,
    pub names: Vec<String>,
    pub sealed: Vec<Vec<u8>>,
    pub blinds: Vec<Vec<u8>>,
}

/// Adds people whose phone is not known yet.
pub async fn add_all(connection: &mut PgConnection, people: &Columns, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into residents.person (person_id, name, phone_sealed, phone_blind, created_at) \
         select person_id, name, sealed, blind, $5 \
         from unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[]) as row (person_id, name, sealed, blind) \
         on conflict on constraint person_phone_unique do nothing",
        &people.ids,
        &people.names,
        &people.sealed,
        &people.blinds,
        at
    )
    .execute(connection)
    .await?;
    Ok(())
}
