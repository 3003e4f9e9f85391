//! Payouts: their state, money, history and outbox move in one statement.
mod list;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

pub use self::list::{Wanted, list, list_of};
use super::audit::{self, Actor};
use crate::payout::{Method, Move, Ordered, Payout, PayoutState};

/// Orders payouts, each award once, and holds money for them as far as there is any.
pub async fn order(connection: &mut PgConnection, ordered: &[Ordered]) -> sqlx::Result<()> {
    let districts: Vec<Uuid> = ordered.iter().map(|one| one.district_id).collect();
    let ids: Vec<Uuid> = ordered.iter().map(|one| one.payout_id).collect();
    let people: Vec<Uuid> = ordered.iter().map(|one| one.person_id).collect();
    let months: Vec<&str> = ordered.iter().map(|one| one.month.as_str()).collect();
    let ranks: Vec<i32> = ordered.iter().map(|one| one.rank).collect();
    let gross: Vec<i64> = ordered.iter().map(|one| one.gross_fen).collect();
    let times: Vec<DateTime<Utc>> = ordered.iter().map(|one| one.at).collect();
    super::award_fund::lock(&mut *connection, &districts).await?;
    sqlx::query!(
        "insert into finance.payout (district_id, payout_id, person_id, month, rank, gross_fen, tax_fen, state, ordered_at, changed_at)
        select o.district_id, o.payout_id, o.person_id, o.month, o.rank, o.gross_fen, o.gross_fen * f.tax_percent / 100, 'WAITING',
            o.at, o.at
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int4[], $6::int8[], $7::timestamptz[])
            o (district_id, payout_id, person_id, month, rank, gross_fen, at)
        join finance.award_fund f on f.district_id = o.district_id
        on conflict on constraint payout_key do nothing",
        &districts,
        &ids,
        &people,
        &months as _,
        &ranks,
        &gross,
        &times
    )
    .execute(&mut *connection)
    .await?;
    let last = times.into_iter().max();
    sqlx::query_scalar!(
        "select finance.hold_waiting(d, $2) from (select distinct d from unnest($1::uuid[]) d order by 1) d",
        &districts,
        last
    )
    .fetch_all(connection)
    .await
    .map(drop)
}

/// How a member is paid, as it is kept.
#[derive(Default)]
pub struct Kept<'a> {
    pub method: Method,
    pub account_name: Option<&'a str>,
    pub account_sealed: Option<Vec<u8>>,
    pub openid_sealed: Option<Vec<u8>>,
    pub code_blind: Option<Vec<u8>>,
}

/// Keeps how a member wants to be paid, until it is sent; false where it is not theirs, has gone on, or is claimed otherwise than
/// it was when it was read.
pub async fn claim(
    pool: &PgPool,
    (district_id, person_id, payout_id): (Uuid, Uuid, Uuid),
    kept: &Kept<'_>,
    read: Option<&Payout>,
) -> sqlx::Result<bool> {
    let claimed = sqlx::query!(
        "update finance.payout set method = $4, account_name = $5, account_sealed = $6, openid_sealed = $7, code_blind = $8
        where district_id = $1 and payout_id = $2 and person_id = $3 and state in ('WAITING', 'READY')
            and ($9 or (method, account_sealed, code_blind) is not distinct from ($10, $11, $12))",
        district_id,
        payout_id,
        person_id,
        kept.method as Method,
        kept.account_name,
        kept.account_sealed,
        kept.openid_sealed,
        kept.code_blind,
        read.is_none(),
        read.and_then(|payout| payout.method) as Option<Method>,
        read.and_then(|payout| payout.account_sealed.as_deref()),
        read.and_then(|payout| payout.code_blind.as_deref())
    );
    Ok(claimed.execute(pool).await?.rows_affected() > 0)
}

/// Moves a payout of somebody else and its money; false where it does not stand where that is possible.
pub async fn go(pool: &PgPool, by: &Actor, payout_id: Uuid, wanted: &Move) -> sqlx::Result<bool> {
    let (district_id, now) = (by.district_id, by.at);
    let (from, to) = wanted.states();
    let from: Vec<&str> = from.iter().map(|state| state.code()).collect();
    let mut transaction = chassis::db::begin(pool).await?;
    super::award_fund::lock(&mut transaction, &[district_id]).await?;
    let moved = sqlx::query_scalar!(
        r#"with e as (
            update finance.payout p set state = $4, reason = $5, signature_media_id = $6, by_id = $7, changed_at = $8,
                method = case when $10 or $4 = 'RETURNED' then null when $6::uuid is not null then 'IN_PERSON' else p.method end,
                account_name = case when $10 or $4 in ('PAID', 'RETURNED') then null else p.account_name end,
                account_sealed = case when $10 or $4 in ('PAID', 'RETURNED') then null else p.account_sealed end,
                openid_sealed = case when $4 in ('PAID', 'RETURNED') then null else p.openid_sealed end,
                code_blind = case when $4 in ('PAID', 'RETURNED') then null else p.code_blind end
            from (select q.district_id, q.payout_id, q.state from finance.payout q
                where q.district_id = $1 and q.payout_id = $2 for update) before
            where p.district_id = before.district_id and p.payout_id = before.payout_id and before.state = any($3)
                and p.person_id <> $7 and ($9::uuid is null or (p.batch_id = $9 and p.method = 'BANK'))
            returning p, before.state as before),
        settled as (select finance.settle_payouts(array_agg(e.p) filter (where e.before <> 'WAITING')) from e)
        select count(*) as "many!" from e cross join settled"#,
        district_id,
        payout_id,
        &from as _,
        to as PayoutState,
        wanted.reason(),
        wanted.signature(),
        by.person_id,
        now,
        wanted.batch_id(),
        matches!(wanted, Move::BankRefused { .. })
    );
    let moved = moved.fetch_one(&mut *transaction).await? > 0;
    if moved {
        let detail =
            json!({"reason": wanted.reason(), "batch_id": wanted.batch_id(), "signature_media_id": wanted.signature()});
        audit::keep(&mut transaction, by, (wanted.act(), payout_id), detail).await?;
    }
    if moved && matches!(wanted, Move::Returned { .. } | Move::Offered) {
        // what came back may be enough for who waits
        let held = sqlx::query_scalar!("select finance.hold_waiting($1, $2)", district_id, now);
        held.fetch_one(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(moved)
}

/// Opens a batch; false where there is one of this id.
pub async fn open_batch(connection: &mut PgConnection, by: &Actor, batch_id: Uuid, most: i64) -> sqlx::Result<bool> {
    let district_id = by.district_id;
    super::award_fund::lock(&mut *connection, &[district_id]).await?;
    let opened = sqlx::query_scalar!(
        r#"with opened as (
            insert into finance.payout_batch (district_id, batch_id, by_id, at) values ($1, $2, $3, $4)
            on conflict on constraint payout_batch_key do nothing returning batch_id),
        chosen as (
            select p.district_id, p.payout_id, o.batch_id from opened o
            join finance.payout p on p.district_id = $1 and p.state = 'READY' and p.method = 'BANK'
            order by p.ordered_at, p.payout_id limit $5 for update of p),
        sent as (
            update finance.payout p set state = 'SENT', batch_id = c.batch_id, by_id = $3, changed_at = $4, reason = ''
            from chosen c where p.district_id = c.district_id and p.payout_id = c.payout_id and p.state = 'READY' and p.method = 'BANK'
            returning p.payout_id)
        select count(*) as "many!" from opened o where (select count(*) from sent) >= 0"#,
        district_id,
        batch_id,
        by.person_id,
        by.at,
        most
    );
    Ok(opened.fetch_one(connection).await? > 0)
}

/// Keeps the file of a batch, and that it was made.
pub async fn close_batch(
    connection: &mut PgConnection,
    by: &Actor,
    batch_id: Uuid,
    (payouts, net_fen, sealed): (i32, i64, &[u8]),
) -> sqlx::Result<()> {
    let detail = json!({"payouts": payouts, "net_fen": net_fen});
    audit::keep(&mut *connection, by, ("EXPORT_BANK_FILE", batch_id), detail).await?;
    sqlx::query!(
        "update finance.payout_batch set payouts = $3, net_fen = $4, file_sealed = $5 where district_id = $1 and batch_id = $2",
        by.district_id,
        batch_id,
        payouts,
        net_fen,
        sealed
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The lines, fen and sealed file of a batch; that it is read is kept, for it names accounts.
pub async fn read_batch(pool: &PgPool, by: &Actor, batch_id: Uuid) -> sqlx::Result<Option<(i32, i64, Vec<u8>)>> {
    let row = sqlx::query!(
        r#"with file as (
            select payouts, net_fen, file_sealed from finance.payout_batch
            where district_id = $1 and batch_id = $2 and file_sealed is not null),
        kept as (
            insert into finance.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select $1, $3, $4, $5, 'READ_BANK_FILE', $2::uuid::text, jsonb_build_object('payouts', payouts) from file)
        select payouts as "payouts!", net_fen as "net_fen!", file_sealed as "file_sealed!" from file"#,
        by.district_id,
        batch_id,
        by.at,
        by.person_id,
        by.role
    );
    Ok(row.fetch_optional(pool).await?.map(|row| (row.payouts, row.net_fen, row.file_sealed)))
}
