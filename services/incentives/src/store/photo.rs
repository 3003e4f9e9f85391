//! The photos of reports.
use sqlx::PgConnection;
use uuid::Uuid;

/// A photo of a report, by its ticket; or what a photo is.
#[derive(Clone, Debug)]
pub enum Told {
    Shown { district_id: Uuid, ticket_id: Uuid, media_id: Uuid },
    Seen { district_id: Uuid, media_id: Uuid, sha256: String },
}

/// Keeps both; what is kept stays.
pub async fn keep(connection: &mut PgConnection, told: &[Told]) -> sqlx::Result<()> {
    let (mut shown, mut seen) = ((Vec::new(), Vec::new(), Vec::new()), (Vec::new(), Vec::new(), Vec::new()));
    for one in told {
        match one {
            Told::Shown { district_id, ticket_id, media_id } => {
                shown.0.push(*district_id);
                shown.1.push(*ticket_id);
                shown.2.push(*media_id);
            }
            Told::Seen { district_id, media_id, sha256 } => {
                seen.0.push(*district_id);
                seen.1.push(*media_id);
                seen.2.push(sha256.as_str());
            }
        }
    }
    sqlx::query!(
        "with shown as (
            insert into incentives.ticket_photo (district_id, ticket_id, media_id)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[])
            on conflict on constraint ticket_photo_key do nothing)
        insert into incentives.photo (district_id, media_id, sha256)
        select distinct on (1, 2) * from unnest($4::uuid[], $5::uuid[], $6::text[])
        on conflict on constraint photo_key do nothing",
        &shown.0,
        &shown.1,
        &shown.2,
        &seen.0,
        &seen.1,
        &seen.2 as _
    )
    .execute(connection)
    .await
    .map(drop)
}
