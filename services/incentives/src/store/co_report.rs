//! Who reported the same, as the tickets tell it.
use sqlx::PgConnection;
use uuid::Uuid;

use crate::points::CoReported;

/// Takes what was told; of one report the last word wins, and whether it shares stays where nothing is said of it.
pub async fn keep(connection: &mut PgConnection, told: &[CoReported]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = told.iter().map(|one| one.district_id).collect();
    let tickets: Vec<Uuid> = told.iter().map(|one| one.ticket_id).collect();
    let parents: Vec<Uuid> = told.iter().map(|one| one.parent_id).collect();
    let people: Vec<Uuid> = told.iter().map(|one| one.person_id).collect();
    let shares: Vec<Option<bool>> = told.iter().map(|one| one.shares).collect();
    sqlx::query!(
        "insert into incentives.co_report as c (district_id, ticket_id, parent_id, person_id, shares)
        select h.district_id, h.ticket_id, (array_agg(h.parent_id order by h.number desc))[1],
            (array_agg(h.person_id order by h.number desc))[1],
            (array_agg(h.shares order by h.number desc) filter (where h.shares is not null))[1]
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bool[]) with ordinality
            h (district_id, ticket_id, parent_id, person_id, shares, number)
        group by 1, 2 order by 1, 2
        on conflict on constraint co_report_key do update set parent_id = excluded.parent_id, person_id = excluded.person_id,
            shares = coalesce(excluded.shares, c.shares)",
        &districts,
        &tickets,
        &parents,
        &people,
        &shares as _
    )
    .execute(connection)
    .await
    .map(drop)
}
