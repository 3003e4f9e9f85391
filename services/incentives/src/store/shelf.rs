//! Prizes as people look after them.
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::redemption::Asked;
use crate::{
    prize::{Kind, Prize, PrizeEdit, Shelf, StockTake},
    redemption::TAKE_BACK_FOR,
};

/// Changes a prize; nothing where there is none, or where it should get photos that neither it has nor the caller brought. A shop of
/// which another prize has a code of it breaks `voucher_of_another_prize`.
pub async fn put(pool: &PgPool, asked: &Asked, edit: &PrizeEdit, yours: &[Uuid]) -> sqlx::Result<Option<Prize>> {
    sqlx::query_as!(
        Prize,
        r#"with alone as materialized (
            select pg_advisory_xact_lock(incentives.vouchers_of($1)) where $13::text is not null),
        before as (
            select b from incentives.prize b where b.district_id = $1 and b.prize_id = $2 and (select count(*) from alone) >= 0 for update),
        e as (
            update incentives.prize p set points = $3, hold_hours = $4, pickup_hours = $5, per_person_month = $6,
                photo_media_id = case when $7::uuid[] is null then p.photo_media_id else ($7::uuid[])[1] end,
                photo_media_ids = coalesce($7::uuid[], incentives.photos_of(p)), active = $8,
                shop = coalesce($13, p.shop)
            from before
            where p.district_id = (before.b).district_id and p.prize_id = (before.b).prize_id and ($7::uuid[] is null or $7::uuid[] <@ (incentives.photos_of(p) || $9::uuid[]))
            returning p),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $10, $11, $12, 'PUT_PRIZE', $2::uuid, now.detail from e cross join before
            cross join lateral incentives.prize_terms(e.p) now (detail)
            where now.detail <> incentives.prize_terms(before.b))
        select (e.p).prize_id as "prize_id!", (e.p).name as "name!", (e.p).kind as "kind!: Kind", (e.p).points as "points!",
            (e.p).stock as "stock!", (e.p).pickup_place_id as "pickup_place_id!", l.name as pickup_place_name,
            (e.p).hold_hours as "hold_hours!", (e.p).pickup_hours as "pickup_hours!", (e.p).per_person_month as "per_person_month!",
            (e.p).active as "active!", (e.p).shop as "shop!", incentives.photos_of(e.p) as "photos!", incentives.points_of(e.p) as "pickup_points!: Json<Vec<Shelf>>"
        from e join incentives.place l on l.district_id = $1 and l.place_id = (e.p).pickup_place_id"#,
        asked.district_id,
        edit.prize_id,
        edit.points,
        edit.hold_hours,
        edit.pickup_hours,
        edit.per_person_month,
        edit.photos.as_deref(),
        edit.active,
        yours,
        asked.now,
        asked.person_id,
        asked.role,
        edit.shop.as_deref()
    )
    .fetch_optional(pool)
    .await
}

/// Counts a shelf at a pick-up point: the stock there becomes what was counted without what is reserved. Fewer than those breaks `stock_not_negative`;
/// nothing where the id is taken.
pub async fn count(
    pool: &PgPool,
    asked: &Asked,
    (stock_take_id, prize_id, place_id): (Uuid, Uuid, Uuid),
    (counted, note): (i64, &str),
) -> sqlx::Result<Option<StockTake>> {
    let mut transaction = chassis::db::begin(pool).await?;
    // who waits for the lock must count what is reserved as it is after the wait
    sqlx::query!(
        "select 1 as locked from incentives.prize where district_id = $1 and prize_id = $2 for update",
        asked.district_id,
        prize_id
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let taken = sqlx::query_as!(
        StockTake,
        r#"with p as (
            select * from incentives.prize_point where district_id = $1 and prize_id = $3 and place_id = $8),
        reserved as (
            select p.prize_id, (select coalesce(sum(r.quantity), 0)::bigint from incentives.redemption r
                where r.district_id = p.district_id and r.prize_id = p.prize_id and r.pickup_place_id = p.place_id
                    and r.state = 'RESERVED') as pieces
            from p),
        taken as (
            insert into incentives.stock_take (district_id, stock_take_id, prize_id, place_id, counted, expected, note, by_id, at)
            select p.district_id, $2, p.prize_id, p.place_id, $4, p.stock + r.pieces, $5, $6, $7 from p join reserved r using (prize_id)
            on conflict on constraint stock_take_key do nothing returning *),
        followed as (
            update incentives.prize p set stock = p.stock + t.counted - t.expected, supplied = p.supplied + t.counted - t.expected
            from taken t where p.district_id = t.district_id and p.prize_id = t.prize_id),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select t.district_id, t.at, t.by_id, $9, 'RECORD_STOCK_TAKE', t.prize_id, jsonb_build_object('stock_take_id', t.stock_take_id,
                'place_id', t.place_id, 'counted', t.counted, 'expected', t.expected, 'note', t.note) from taken t)
        select stock_take_id, prize_id, place_id, counted, expected, note, by_id from taken"#,
        asked.district_id,
        stock_take_id,
        prize_id,
        counted,
        note,
        asked.person_id,
        asked.now,
        place_id,
        asked.role
    )
    .fetch_optional(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(taken)
}

/// What was counted under an id.
pub async fn stock_take(pool: &PgPool, district_id: Uuid, stock_take_id: Uuid) -> sqlx::Result<Option<StockTake>> {
    sqlx::query_as!(
        StockTake,
        "select stock_take_id, prize_id, place_id, counted, expected, note, by_id from incentives.stock_take
        where district_id = $1 and stock_take_id = $2",
        district_id,
        stock_take_id
    )
    .fetch_optional(pool)
    .await
}

/// Pieces of a prize that are reserved at a pick-up point.
pub async fn reserved(pool: &PgPool, district_id: Uuid, prize_id: Uuid, place_id: Uuid) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select coalesce(sum(quantity), 0)::bigint as "pieces!" from incentives.redemption
        where district_id = $1 and prize_id = $2 and pickup_place_id = $3 and state = 'RESERVED'"#,
        district_id,
        prize_id,
        place_id
    )
    .fetch_one(pool)
    .await
}

/// Takes a prize back from somebody else, in one of the places and in time; false where that is not so.
pub async fn take_back(
    pool: &PgPool,
    asked: &Asked,
    redemption_id: Uuid,
    (restock, reason): (bool, &str),
    places: &[String],
) -> sqlx::Result<bool> {
    let taken = sqlx::query_scalar!(
        r#"with e as (
            update incentives.redemption r set state = 'RETURNED', ended_at = $4, returned_by = $3, restocked = $5, return_reason = $6
            from incentives.place l
            where r.district_id = $1 and r.redemption_id = $2 and r.state = 'HANDED_OVER' and r.kind = 'GOODS'
                and r.person_id <> $3
                and coalesce(r.handed_over_at, r.ended_at) > $8
                and l.district_id = r.district_id and l.place_id = r.pickup_place_id
                and exists (select from unnest($7::text[]) p (path) where starts_with(l.path || '.', p.path || '.'))
            returning r),
        settled as (select incentives.settle(array_agg(e.r), $9) from e),
        logged as (
            insert into incentives.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $4, $3, $10, 'TAKE_BACK', (e.r).redemption_id, jsonb_build_object('prize', (e.r).prize_name,
                'quantity', (e.r).quantity, 'restocked', $5::bool, 'reason', $6::text) from e)
        select count(*) as "many!" from e cross join settled"#,
        asked.district_id,
        redemption_id,
        asked.person_id,
        asked.now,
        restock,
        reason,
        places,
        asked.now - TAKE_BACK_FOR,
        asked.traceparent,
        asked.role
    );
    Ok(taken.fetch_one(pool).await? > 0)
}

/// Whether it was this person who took it back, in this way.
pub async fn took_back(
    pool: &PgPool,
    asked: &Asked,
    redemption_id: Uuid,
    (restock, reason): (bool, &str),
) -> sqlx::Result<bool> {
    let taken = sqlx::query_scalar!(
        r#"select exists (select from incentives.redemption where district_id = $1 and redemption_id = $2 and state = 'RETURNED'
            and returned_by = $3 and restocked = $4 and return_reason = $5) as "so!""#,
        asked.district_id,
        redemption_id,
        asked.person_id,
        restock,
        reason
    );
    taken.fetch_one(pool).await
}
