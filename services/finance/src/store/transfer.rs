//! WeChat transfers: written before WeChat is called, and again with what it answered.
mod end;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

pub use self::end::{End, finish};
use super::audit::Actor;
use crate::transfer::{CONFIRM_WITHIN, Candidate, Known, Open, Strangers, TransferState};

/// Payouts that are ready and claimed by WeChat, the first ordered first, beyond one of them.
pub async fn candidates(pool: &PgPool, beyond: Option<&Candidate>, limit: i64) -> sqlx::Result<Vec<Candidate>> {
    sqlx::query_as!(
        Candidate,
        r#"select p.district_id, p.payout_id, p.ordered_at, p.round, p.month, p.rank, p.net_fen as "net_fen!", p.openid_sealed as "openid_sealed!",
            finance.out_bill_no(p.district_id, p.payout_id, p.round) as "out_bill_no!"
        from finance.payout p
        where p.state = 'READY' and p.method = 'WECHAT' and p.openid_sealed is not null
            and ($1::timestamptz is null or (p.ordered_at, p.payout_id, p.district_id) > ($1, $2, $3))
        order by p.ordered_at, p.payout_id, p.district_id limit $4"#,
        beyond.map(|last| last.ordered_at),
        beyond.map(|last| last.payout_id),
        beyond.map(|last| last.district_id),
        limit
    )
    .fetch_all(pool)
    .await
}

/// A request that is about to be made: by whom, and until when nobody else looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    pub mch_id: &'a str,
    pub app_id: &'a str,
    pub request_sealed: &'a [u8],
    pub now: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// Sends a payout and writes its transfer down; none where it is not there any more as it was read.
pub async fn begin(pool: &PgPool, payout: &Candidate, asked: Try<'_>) -> sqlx::Result<Option<Open>> {
    sqlx::query_as!(
        Open,
        r#"with sent as (
            update finance.payout p set state = 'SENT', reason = '', by_id = null, changed_at = $10
            where p.district_id = $1 and p.payout_id = $2 and p.round = $3 and p.state = 'READY' and p.method = 'WECHAT'
                and p.openid_sealed = $4
            returning p.district_id, p.payout_id, p.round, p.net_fen)
        insert into finance.wechat_transfer as t (district_id, payout_id, round, out_bill_no, mch_id, app_id, amount_fen, state,
            request_sealed, next_at, tried_at, changed_at)
        select s.district_id, s.payout_id, s.round, $5, $6, $7, s.net_fen, 'TRIED', $8, $9, $10, $10 from sent s
        returning t.district_id, t.payout_id, t.round, t.out_bill_no, t.amount_fen, t.state as "state!: TransferState",
            t.request_sealed as "request_sealed!", t.package_sealed is not null as "has_package!", t.refusal, t.refused_at, t.confirm_by,
            t.cancel_asked_by, t.cancel_reason, t.tries, t.next_at as "next_at!""#,
        payout.district_id,
        payout.payout_id,
        payout.round,
        payout.openid_sealed,
        payout.out_bill_no,
        asked.mch_id,
        asked.app_id,
        asked.request_sealed,
        asked.until,
        asked.now
    )
    .fetch_optional(pool)
    .await
}

/// Takes the transfers of a merchant that are due, for whoever asks, until an instant.
pub async fn take_due(
    pool: &PgPool,
    (mch_id, app_id): (&str, &str),
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> sqlx::Result<Vec<Open>> {
    sqlx::query_as!(
        Open,
        r#"with due as (
            select d.district_id, d.payout_id, d.round from finance.wechat_transfer d
            where d.next_at <= $3 and d.mch_id = $1 and d.app_id = $2
            order by d.next_at limit $5 for update skip locked)
        update finance.wechat_transfer t set next_at = $4, tries = least(t.tries + 1, 1000)
        from due where t.district_id = due.district_id and t.payout_id = due.payout_id and t.round = due.round
        returning t.district_id, t.payout_id, t.round, t.out_bill_no, t.amount_fen, t.state as "state!: TransferState",
            t.request_sealed as "request_sealed!", t.package_sealed is not null as "has_package!", t.refusal, t.refused_at, t.confirm_by,
            t.cancel_asked_by, t.cancel_reason, t.tries, t.next_at as "next_at!""#,
        mch_id,
        app_id,
        now,
        until,
        limit
    )
    .fetch_all(pool)
    .await
}

/// When the next transfer of a merchant is due.
pub async fn next_due(pool: &PgPool, (mch_id, app_id): (&str, &str)) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select min(next_at) from finance.wechat_transfer where next_at is not null and mch_id = $1 and app_id = $2",
        mch_id,
        app_id
    )
    .fetch_one(pool)
    .await
}

/// Transfers under way of other merchants, or of all where there is none.
pub async fn strangers(pool: &PgPool, merchant: Option<(&str, &str)>) -> sqlx::Result<Vec<Strangers>> {
    let (mch_id, app_id) = merchant.unzip();
    sqlx::query_as!(
        Strangers,
        r#"select mch_id, app_id, count(*) as "transfers!" from finance.wechat_transfer
        where next_at is not null and (mch_id, app_id) is distinct from ($1, $2) group by 1, 2 order by 1, 2"#,
        mch_id,
        app_id
    )
    .fetch_all(pool)
    .await
}

/// News of a transfer that goes on.
#[derive(Clone, Copy, Debug)]
pub struct News<'a> {
    pub state: TransferState,
    pub transfer_bill_no: &'a str,
    pub package_sealed: Option<&'a [u8]>,
    pub created_at: DateTime<Utc>,
    /// When it is looked at again where the state is new, and where it is not.
    pub soon: DateTime<Utc>,
    pub later: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

/// Writes news down. What is known already, or is older than what is known, only moves the next look; one that was asked for
/// meanwhile stays.
pub async fn progress(pool: &PgPool, open: &Open, news: News<'_>) -> sqlx::Result<()> {
    let confirm_by = (news.state == TransferState::WaitUserConfirm).then(|| news.created_at + CONFIRM_WITHIN);
    sqlx::query!(
        "update finance.wechat_transfer t set
            state = case when t.state = any($3) then $2 else t.state end,
            transfer_bill_no = coalesce(nullif($4, ''), t.transfer_bill_no),
            package_sealed = coalesce($5, t.package_sealed),
            confirm_by = coalesce(t.confirm_by, $6),
            tries = case when t.state <> $2 and t.state = any($3) then 0 else t.tries end,
            next_at = case when t.next_at <> $7 then t.next_at when t.state <> $2 and t.state = any($3) then $8 else $9 end,
            refusal = '', refused_at = null, changed_at = $10
        where t.out_bill_no = $1 and t.next_at is not null",
        open.out_bill_no,
        news.state as TransferState,
        &news.state.follows() as _,
        news.transfer_bill_no,
        news.package_sealed,
        confirm_by,
        open.next_at,
        news.soon,
        news.later,
        news.now
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Puts the next look off, unless somebody asked for it meanwhile.
pub async fn postpone(pool: &PgPool, open: &Open, next_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update finance.wechat_transfer set next_at = $2 where out_bill_no = $1 and next_at = $3",
        open.out_bill_no,
        next_at,
        open.next_at
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Keeps that the request itself was refused, and when it is looked at again.
pub async fn refuse(
    pool: &PgPool,
    open: &Open,
    code: &str,
    (now, next_at): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<()> {
    sqlx::query!(
        "update finance.wechat_transfer set refusal = $2, refused_at = $3, next_at = $4, changed_at = $3
        where out_bill_no = $1 and state = 'TRIED' and next_at is not null",
        open.out_bill_no,
        code,
        now,
        next_at
    )
    .execute(pool)
    .await
    .map(drop)
}

/// A transfer by its number.
pub async fn find(pool: &PgPool, out_bill_no: &str) -> sqlx::Result<Option<Known>> {
    sqlx::query_as!(
        Known,
        r#"select mch_id, amount_fen, state as "state!: TransferState" from finance.wechat_transfer where out_bill_no = $1"#,
        out_bill_no
    )
    .fetch_optional(pool)
    .await
}

/// Lets a transfer be looked at now; one that has ended is left alone.
pub async fn ask_now(pool: &PgPool, out_bill_no: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update finance.wechat_transfer set next_at = $2 where out_bill_no = $1 and next_at > $2",
        out_bill_no,
        now
    )
    .execute(pool)
    .await
    .map(drop)
}

/// Keeps that the transfer of somebody else's payout is to be taken back and why, and lets it be looked at now; false where none is under
/// way. Who asked first is who did it.
pub async fn ask_cancel(pool: &PgPool, by: &Actor, payout_id: Uuid, reason: &str) -> sqlx::Result<bool> {
    let asked = sqlx::query_scalar!(
        r#"with before as (
            select t.out_bill_no, t.cancel_asked_at is null as first from finance.payout p
            join finance.wechat_transfer t on t.district_id = p.district_id and t.payout_id = p.payout_id and t.round = p.round
            where p.district_id = $1 and p.payout_id = $2 and p.person_id <> $3 and p.state = 'SENT' and p.method = 'WECHAT'
                and t.next_at is not null for update of t),
        asked as (
            update finance.wechat_transfer t set cancel_asked_at = $4, cancel_asked_by = $3, cancel_reason = $5,
                next_at = least(t.next_at, $4)
            from before b where t.out_bill_no = b.out_bill_no and b.first
            returning t.district_id, t.payout_id),
        kept as (
            insert into finance.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select district_id, $4::timestamptz, $3, $6, 'CANCEL_TRANSFER', payout_id::text, jsonb_build_object('reason', $5::text)
            from asked)
        select count(*) as "many!" from before"#,
        by.district_id,
        payout_id,
        by.person_id,
        by.at,
        reason,
        by.role
    );
    Ok(asked.fetch_one(pool).await? > 0)
}
