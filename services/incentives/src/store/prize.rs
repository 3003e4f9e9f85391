//! Prizes.
use chrono::NaiveDate;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::{
    prize::{Kind, Prize, Shelf, Supply},
    redemption::Wanted,
};

/// The district's active prizes, cheapest first, after a position of points and id.
pub async fn list(pool: &PgPool, district_id: Uuid, after: (i64, Uuid), limit: i64) -> sqlx::Result<Vec<Prize>> {
    sqlx::query_as!(
        Prize,
        r#"select p.prize_id, p.name, p.kind as "kind: Kind", p.points, p.stock, p.pickup_place_id, l.name as pickup_place_name, p.hold_hours,
            p.pickup_hours, p.per_person_month, p.active, p.shop, incentives.photos_of(p) as "photos!",
            incentives.points_of(p) as "pickup_points!: Json<Vec<Shelf>>"
        from incentives.prize p
        join incentives.place l on l.district_id = p.district_id and l.place_id = p.pickup_place_id
        where p.district_id = $1 and p.active and (p.points, p.prize_id) > ($2, $3)
        order by p.points, p.prize_id limit $4"#,
        district_id,
        after.0,
        after.1,
        limit
    )
    .fetch_all(pool)
    .await
}

/// One prize, whether it is active or not.
pub async fn find(pool: &PgPool, district_id: Uuid, prize_id: Uuid) -> sqlx::Result<Option<Prize>> {
    sqlx::query_as!(
        Prize,
        r#"select p.prize_id, p.name, p.kind as "kind: Kind", p.points, p.stock, p.pickup_place_id, l.name as pickup_place_name, p.hold_hours,
            p.pickup_hours, p.per_person_month, p.active, p.shop, incentives.photos_of(p) as "photos!",
            incentives.points_of(p) as "pickup_points!: Json<Vec<Shelf>>"
        from incentives.prize p
        join incentives.place l on l.district_id = p.district_id and l.place_id = p.pickup_place_id
        where p.district_id = $1 and p.prize_id = $2"#,
        district_id,
        prize_id
    )
    .fetch_optional(pool)
    .await
}

/// What is left of an active prize today where it is wanted, its price, and how many a member may have in a month.
pub async fn stock_and_points(
    pool: &PgPool,
    district_id: Uuid,
    wanted: Wanted,
    today: NaiveDate,
) -> sqlx::Result<Option<(i64, i64, i32)>> {
    let row = sqlx::query!(
        r#"select case p.kind when 'GOODS' then coalesce(s.stock, 0) else p.stock - (select count(*) from incentives.voucher v
                where v.district_id = p.district_id and v.prize_id = p.prize_id and v.redemption_id is null and v.withdrawn_at is null
                    and v.valid_until < $3) end as "stock!", p.points, p.per_person_month
        from incentives.prize p
        left join incentives.prize_point s
            on s.district_id = p.district_id and s.prize_id = p.prize_id and s.place_id = coalesce($4, p.pickup_place_id)
        where p.district_id = $1 and p.prize_id = $2 and p.active"#,
        district_id,
        wanted.prize_id,
        today,
        wanted.pickup_place_id
    );
    Ok(row.fetch_optional(pool).await?.map(|row| (row.stock, row.points, row.per_person_month)))
}

/// What is left of a prize at a pick-up point, whether it is active or not.
pub async fn stock(pool: &PgPool, district_id: Uuid, prize_id: Uuid, place_id: Uuid) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select stock from incentives.prize_point where district_id = $1 and prize_id = $2 and place_id = $3",
        district_id,
        prize_id,
        place_id
    )
    .fetch_optional(pool)
    .await
}

/// The lines that cannot be, each with why: `place` unknown, another `kind` than before, or a `stock` that would supply less than
/// is already reserved or handed over.
pub async fn refused(
    connection: &mut PgConnection,
    district_id: Uuid,
    rows: &[Supply],
) -> sqlx::Result<Vec<(i64, String)>> {
    let lines: Vec<i64> = rows.iter().map(|row| i64::try_from(row.line).unwrap_or(i64::MAX)).collect();
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let supplied: Vec<i64> = rows.iter().map(|row| row.supplied).collect();
    let paths: Vec<String> = rows.iter().map(|row| row.pickup_place_path.clone()).collect();
    let kinds = kinds(rows);
    let refused = sqlx::query!(
        r#"select r.line as "line!",
            case when l.place_id is null then 'place' when p.kind <> r.kind then 'kind' else 'stock' end as "why!"
        from unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[]) r (line, name, supplied, path, kind)
        left join incentives.place l on l.district_id = $1 and l.path = r.path
        left join incentives.prize p
            on p.district_id = $1 and p.prize_id = md5(l.place_id || '/' || r.name)::uuid
        left join incentives.prize_point s on s.district_id = $1 and s.prize_id = p.prize_id and s.place_id = p.pickup_place_id
        where l.place_id is null or p.kind <> r.kind or p.kind = 'GOODS' and s.stock + r.supplied - s.imported < 0
        order by r.line"#,
        district_id,
        &lines,
        &names,
        &supplied,
        &paths,
        &kinds
    );
    Ok(refused.fetch_all(connection).await?.into_iter().map(|row| (row.line, row.why)).collect())
}

fn kinds(rows: &[Supply]) -> Vec<String> {
    rows.iter().map(|row| row.kind.code().to_owned()).collect()
}

/// Adds or changes prizes, each at most once. What was reserved stays reserved.
pub async fn import(connection: &mut PgConnection, district_id: Uuid, rows: &[Supply]) -> sqlx::Result<()> {
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let points: Vec<i64> = rows.iter().map(|row| row.points).collect();
    let supplied: Vec<i64> = rows.iter().map(|row| row.supplied).collect();
    let paths: Vec<String> = rows.iter().map(|row| row.pickup_place_path.clone()).collect();
    let kinds = kinds(rows);
    let hold_hours: Vec<i32> = rows.iter().map(|row| row.hold_hours).collect();
    sqlx::query!(
        "insert into incentives.prize as p
            (district_id, prize_id, name, points, stock, supplied, imported, pickup_place_id, hold_hours, kind)
        select $1, md5(l.place_id || '/' || r.name)::uuid, r.name, r.points, r.supplied,
            r.supplied, r.supplied, l.place_id, r.hold_hours, r.kind
        from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::int[], $7::text[])
            r (name, points, supplied, path, hold_hours, kind)
        join incentives.place l on l.district_id = $1 and l.path = r.path
        order by 2
        on conflict (district_id, prize_id) do update set points = excluded.points, hold_hours = excluded.hold_hours,
            stock = case p.kind when 'GOODS' then p.stock + excluded.imported - p.imported else p.stock end,
            supplied = case p.kind when 'GOODS' then p.supplied + excluded.imported - p.imported else p.supplied end,
            imported = case p.kind when 'GOODS' then excluded.imported else p.imported end, active = true
            where p.kind = excluded.kind",
        district_id,
        &names,
        &points,
        &supplied,
        &paths,
        &hold_hours,
        &kinds
    )
    .execute(connection)
    .await
    .map(drop)
}
