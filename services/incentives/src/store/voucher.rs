//! Codes of a shop: added once each, given once each.
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::redemption::Asked;
use crate::{
    prize::Kind,
    voucher::{Imported, SealedCodes},
};

/// What an import is about, who makes it and when.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    pub district_id: Uuid,
    pub import_id: Uuid,
    pub prize_id: Uuid,
    /// Nobody: an operator with a file.
    pub by_id: Option<Uuid>,
    pub role: &'static str,
    pub at: DateTime<Utc>,
}

/// Adds codes; nothing where the prize is no voucher or the import is known. An id that another prize's import has breaks
/// `voucher_import_key`, a code that another prize has `voucher_of_another_prize`.
pub async fn add(pool: &PgPool, import: &Import, codes: &SealedCodes) -> sqlx::Result<Option<Imported>> {
    let (body, none) = (codes.bodies.first(), Vec::new());
    let row = sqlx::query!(
        r#"with e as materialized (
            select incentives.add_vouchers(
                row($1, $2, $3, $4, 0, $5::int[], $6, $7)::incentives.voucher_import, $8, $9, $10, $11, $12, $13) as i),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $7, $6, $14, 'IMPORT_VOUCHER_CODES', $3::uuid, jsonb_build_object('import_id', $2::uuid, 'added', (e.i).added)
            from e where (e.i).import_id is not null and $6::uuid is not null)
        select (e.i).added as "added!", (e.i).known as "known!" from e where (e.i).import_id is not null"#,
        import.district_id,
        import.import_id,
        import.prize_id,
        body.unwrap_or(&none),
        &codes.repeated,
        import.by_id,
        import.at,
        &codes.numbers,
        &codes.sealed,
        &codes.blinds,
        &codes.last_days as &[Option<NaiveDate>],
        &codes.tried.0,
        &codes.tried.1,
        import.role
    );
    let added = row.fetch_optional(pool).await?;
    Ok(added.map(|row| Imported { import_id: import.import_id, added: row.added, known: row.known }))
}

/// The import that has this id and one of these bodies, or false where its body is another.
pub async fn import(pool: &PgPool, import: &Import, bodies: &[Vec<u8>]) -> sqlx::Result<Option<(bool, Imported)>> {
    let row = sqlx::query!(
        r#"select added, known, body_blind = any($3) and by_id is not distinct from $4 as "same!"
        from incentives.voucher_import where district_id = $1 and import_id = $2"#,
        import.district_id,
        import.import_id,
        bodies,
        import.by_id
    );
    let found = row.fetch_optional(pool).await?;
    Ok(found.map(|row| (row.same, Imported { import_id: import.import_id, added: row.added, known: row.known })))
}

/// Takes codes off that nobody has got.
pub async fn withdraw_codes(pool: &PgPool, asked: &Asked, prize_id: Uuid, tried: &[Vec<u8>]) -> sqlx::Result<()> {
    sqlx::query!(
        "with e as materialized (select incentives.withdraw_codes($1, $2, $3, $4, $5) as many)
        insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select $1, $4, $3, $6, 'WITHDRAW_VOUCHER_CODES', $2::uuid, jsonb_build_object('codes', e.many) from e where e.many > 0",
        asked.district_id,
        prize_id,
        asked.person_id,
        asked.now,
        tried,
        asked.role
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Where a prize's codes are, counted from 0: true for what was withdrawn by hand, false for what a member has got or has ended.
pub async fn whereabouts(
    pool: &PgPool,
    district_id: Uuid,
    prize_id: Uuid,
    (numbers, tried): (&[i32], &[Vec<u8>]),
) -> sqlx::Result<Vec<(i32, bool)>> {
    let found = sqlx::query!(
        r#"select t.number as "number!", bool_and(v.withdrawn_by is not null) as "withdrawn!"
        from unnest($3::int[], $4::bytea[]) t (number, blind)
        join incentives.voucher v on v.district_id = $1 and v.prize_id = $2 and v.code_blind = t.blind
        group by 1 order by 1"#,
        district_id,
        prize_id,
        numbers,
        tried
    );
    Ok(found.fetch_all(pool).await?.into_iter().map(|row| (row.number, row.withdrawn)).collect())
}

/// Which codes are those of another prize of the shop, counted from 0, and of which.
pub async fn elsewhere(
    pool: &PgPool,
    district_id: Uuid,
    prize_id: Uuid,
    codes: &SealedCodes,
) -> sqlx::Result<Vec<(i32, String)>> {
    let found = sqlx::query!(
        r#"select t.number as "number!", min(p.name) as "prize!" from unnest($3::int[], $4::bytea[]) t (number, blind)
        join incentives.voucher v on v.district_id = $1 and v.code_blind = t.blind and v.prize_id <> $2 and v.withdrawn_by is null
        join incentives.prize p on p.district_id = v.district_id and p.prize_id = v.prize_id
        join incentives.prize mine on mine.district_id = $1 and mine.prize_id = $2 and mine.shop = p.shop
        group by 1 order by 1"#,
        district_id,
        prize_id,
        &codes.tried.0,
        &codes.tried.1
    );
    Ok(found.fetch_all(pool).await?.into_iter().map(|row| (row.number, row.prize)).collect())
}

/// What kind of prize it is.
pub async fn kind(pool: &PgPool, district_id: Uuid, prize_id: Uuid) -> sqlx::Result<Option<Kind>> {
    sqlx::query_scalar!(
        r#"select kind as "kind: Kind" from incentives.prize where district_id = $1 and prize_id = $2"#,
        district_id,
        prize_id
    )
    .fetch_optional(pool)
    .await
}

/// The voucher prizes among these names and pick-up points: which, and its id.
pub async fn prizes(
    pool: &PgPool,
    district_id: Uuid,
    names: &[String],
    paths: &[String],
) -> sqlx::Result<Vec<(i64, Uuid)>> {
    let found = sqlx::query!(
        r#"select n.number as "number!", p.prize_id from unnest($2::text[], $3::text[]) with ordinality n (name, path, number)
        join incentives.place l on l.district_id = $1 and l.path = n.path
        join incentives.prize p on p.district_id = $1 and p.pickup_place_id = l.place_id and p.name = n.name and p.kind = 'VOUCHER'
        order by 1"#,
        district_id,
        names,
        paths
    );
    Ok(found.fetch_all(pool).await?.into_iter().map(|row| (row.number, row.prize_id)).collect())
}

/// Takes off the codes whose last day is over; answers how many.
pub async fn withdraw(pool: &PgPool, now: DateTime<Utc>, most: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select incentives.withdraw_vouchers($1, $2) as "codes!""#, now, most).fetch_one(pool).await
}
