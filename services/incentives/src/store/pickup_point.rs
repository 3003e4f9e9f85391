//! Pick-up points, and what lies there.
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::redemption::Asked;
use crate::prize::{Kind, PickUpPoint, PointEdit};

/// The district's pick-up points after a path, in the order of the place tree: those of which something is said, and those of a prize.
pub async fn list(pool: &PgPool, district_id: Uuid, after: &str, limit: i64) -> sqlx::Result<Vec<PickUpPoint>> {
    let points = sqlx::query_scalar!(
        r#"select incentives.pickup_point_of(l) as "point!: Json<PickUpPoint>" from incentives.place l
        where l.district_id = $1 and l.path > $2
            and (exists (select from incentives.pickup_point o where o.district_id = l.district_id and o.place_id = l.place_id)
                or exists (select from incentives.prize_point s where s.district_id = l.district_id and s.place_id = l.place_id
                    and s.supplied <> 0)
                or exists (select from incentives.prize p where p.district_id = l.district_id and p.pickup_place_id = l.place_id
                    and p.kind = 'GOODS'))
        order by l.path limit $3"#,
        district_id,
        after,
        limit
    );
    Ok(points.fetch_all(pool).await?.into_iter().map(|Json(point)| point).collect())
}

/// A place as a pick-up point.
pub async fn find(pool: &PgPool, district_id: Uuid, place_id: Uuid) -> sqlx::Result<Option<PickUpPoint>> {
    let point = sqlx::query_scalar!(
        r#"select incentives.pickup_point_of(l) as "point!: Json<PickUpPoint>" from incentives.place l
        where l.district_id = $1 and l.place_id = $2"#,
        district_id,
        place_id
    );
    Ok(point.fetch_optional(pool).await?.map(|Json(point)| point))
}

/// Says something of a pick-up point, where there is such a place.
pub async fn put(pool: &PgPool, asked: &Asked, edit: &PointEdit) -> sqlx::Result<()> {
    let written = sqlx::query!(
        "with e as (insert into incentives.pickup_point as o (district_id, place_id, name, address, phone, lng, lat, opening)
        select l.district_id, l.place_id, $3, $4, $5, $6, $7, $8 from incentives.place l where l.district_id = $1 and l.place_id = $2
        on conflict on constraint pickup_point_key do update set name = excluded.name, address = excluded.address,
            phone = excluded.phone, lng = excluded.lng, lat = excluded.lat, opening = excluded.opening
            where (o.name, o.address, o.phone, o.lng, o.lat, o.opening)
                is distinct from (excluded.name, excluded.address, excluded.phone, excluded.lng, excluded.lat, excluded.opening)
            returning o.*)
        insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select e.district_id, $9, $10, $11, 'PUT_PICKUP_POINT', e.place_id, to_jsonb(e) - 'district_id' - 'place_id' from e",
        asked.district_id,
        edit.place_id,
        edit.name,
        edit.address,
        edit.phone,
        edit.lng,
        edit.lat,
        Json(&edit.opening) as _,
        asked.now,
        asked.person_id,
        asked.role
    );
    written.execute(pool).await.map(drop)
}

/// Makes what was brought of a prize to a place so far this many pieces, where there is such a prize of goods and such a place. Fewer
/// than are gone breaks `stock_not_negative`.
pub async fn supply(
    pool: &PgPool,
    asked: &Asked,
    (prize_id, place_id): (Uuid, Uuid),
    supplied: i64,
) -> sqlx::Result<()> {
    let supplied = sqlx::query!(
        "with e as materialized (select incentives.supply_point($1, $2, $3, $4) as more)
        insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select $1, $5, $6, $7, 'SUPPLY_POINT', $2::uuid, jsonb_build_object('place_id', $3::uuid, 'supplied', $4::bigint, 'more', e.more)
        from e where e.more <> 0",
        asked.district_id,
        prize_id,
        place_id,
        supplied,
        asked.now,
        asked.person_id,
        asked.role
    );
    supplied.execute(pool).await.map(drop)
}

/// One of a prize's pick-up points.
#[derive(Clone, Debug)]
pub struct Pickup {
    pub kind: Kind,
    pub place_id: Uuid,
    pub name: String,
    pub path: String,
    /// Whether the prize lies there.
    pub shelved: bool,
}

/// What a prize is and whether it lies at a place, at its first point where none is named; nothing where one of both is not there.
pub async fn of_prize(
    pool: &PgPool,
    district_id: Uuid,
    prize_id: Uuid,
    place_id: Option<Uuid>,
) -> sqlx::Result<Option<Pickup>> {
    sqlx::query_as!(
        Pickup,
        r#"select p.kind as "kind: Kind", l.place_id, l.name, l.path, s.place_id is not null as "shelved!"
        from incentives.prize p
        join incentives.place l on l.district_id = p.district_id and l.place_id = coalesce($3, p.pickup_place_id)
        left join incentives.prize_point s on s.district_id = p.district_id and s.prize_id = p.prize_id and s.place_id = l.place_id
        where p.district_id = $1 and p.prize_id = $2"#,
        district_id,
        prize_id,
        place_id
    )
    .fetch_optional(pool)
    .await
}
