//! Groups as they are shown and changed.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use super::channel::Place;

/// A group as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub district_id: Uuid,
    pub channel_id: Uuid,
    pub tier: String,
    pub place_id: Uuid,
    pub place_path: String,
    pub department_id: Uuid,
    pub name: String,
    pub robot_sealed: Option<Vec<u8>>,
    pub mentioned_sealed: Option<Vec<u8>>,
    pub last_error: String,
    pub next_at: Option<DateTime<Utc>>,
    pub waiting: i64,
    pub dead: i64,
    pub maybe_twice: i64,
}

/// The groups of a district after an id; of one id where it is given.
pub async fn list(
    pool: &PgPool,
    district_id: Uuid,
    (only, after): (Option<Uuid>, Uuid),
    rows: i64,
) -> sqlx::Result<Vec<Channel>> {
    sqlx::query_as!(
        Channel,
        r#"select c.district_id, c.channel_id, c.tier, c.place_id, c.place_path, c.department_id, c.name, c.robot_sealed, c.mentioned_sealed,
            c.last_error, c.next_at,
            (select count(*) from tickets.channel_message m where m.district_id = c.district_id and m.channel_id = c.channel_id
                and m.state in ('PENDING', 'SENDING')) as "waiting!",
            (select count(*) from tickets.channel_message m where m.district_id = c.district_id and m.channel_id = c.channel_id
                and m.state = 'DEAD') as "dead!",
            (select count(*) from tickets.channel_message m where m.district_id = c.district_id and m.channel_id = c.channel_id
                and m.maybe_twice) as "maybe_twice!"
        from tickets.channel c
        where c.district_id = $1 and c.channel_id > $2 and ($3::uuid is null or c.channel_id = $3) order by c.channel_id limit $4"#,
        district_id,
        after,
        only,
        rows
    )
    .fetch_all(pool)
    .await
}

/// What a group is to be.
#[derive(Clone, Debug)]
pub struct NewChannel {
    pub district_id: Uuid,
    pub channel_id: Uuid,
    pub tier: String,
    pub place_id: Uuid,
    pub place: Place,
    pub name: String,
    pub robot_sealed: Option<Vec<u8>>,
    pub robot_blind: Option<Vec<u8>>,
    pub mentioned_sealed: Option<Vec<u8>>,
}

/// Makes or changes a group; a new robot begins without the failures of the last one, and the same again changes nothing.
pub async fn put(pool: &PgPool, new: &NewChannel, (by, at): (Uuid, DateTime<Utc>)) -> sqlx::Result<()> {
    sqlx::query!(
        "with put as (
            insert into tickets.channel as c (
                district_id, channel_id, tier, place_id, place_path, department_id, name, robot_sealed, robot_blind, mentioned_sealed, changed_by, changed_at,
                bound_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, case when $8::bytea is not null then $12::timestamptz end)
            on conflict on constraint channel_key do update set
                tier = excluded.tier, place_id = excluded.place_id, place_path = excluded.place_path, department_id = excluded.department_id,
                name = excluded.name, robot_sealed = excluded.robot_sealed, robot_blind = excluded.robot_blind,
                mentioned_sealed = excluded.mentioned_sealed, changed_by = excluded.changed_by, changed_at = excluded.changed_at,
                bound_at = case when c.robot_sealed is null or excluded.robot_sealed is null then excluded.bound_at else coalesce(c.bound_at, c.changed_at) end,
                next_at = case when c.robot_blind is distinct from excluded.robot_blind then null else c.next_at end,
                failures = case when c.robot_blind is distinct from excluded.robot_blind then 0 else c.failures end,
                last_error = case when c.robot_blind is distinct from excluded.robot_blind then '' else c.last_error end
            where (c.tier, c.place_id, c.place_path, c.department_id, c.name, c.robot_blind, c.mentioned_sealed) is distinct from
                (excluded.tier, excluded.place_id, excluded.place_path, excluded.department_id, excluded.name, excluded.robot_blind, excluded.mentioned_sealed)
            returning c.*
        )
        insert into tickets.audit (district_id, at, actor_id, actor_role, act, subject, detail)
        select district_id, changed_at, changed_by, 'district_admin', 'PUT_CHANNEL', channel_id::text,
            jsonb_build_object('tier', tier, 'bound', robot_sealed is not null) from put",
        new.district_id,
        new.channel_id,
        new.tier,
        new.place_id,
        new.place.path,
        new.place.department_id,
        new.name,
        new.robot_sealed,
        new.robot_blind,
        new.mentioned_sealed,
        by,
        at,
    )
    .execute(pool)
    .await
    .map(drop)
}
