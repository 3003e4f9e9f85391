//! Entries: guard, balance, transfer and outbox in one statement.
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::fund::{Entry, Kind, NewEntry};

/// Who records, which places they reach, when, and in which trace.
#[derive(Clone, Debug)]
pub struct Recorder<'a> {
    pub district_id: Uuid,
    pub person_id: Uuid,
    pub role: &'static str,
    pub places: &'a [String],
    pub now: DateTime<Utc>,
    pub traceparent: String,
}

/// Records an entry; nothing where the fund is not the recorder's, the id is taken, or nothing was ever received for the
/// purpose. Too much spending breaks `purpose_not_overdrawn`, the same id at the same moment `transfer_once`.
///
/// An entry touches one balance row, by primary key: there is no second leg to lose after a lock wait.
pub async fn record(pool: &PgPool, by: &Recorder<'_>, new: &NewEntry) -> sqlx::Result<Option<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"with allowed as (
            select f.district_id, f.place_id from finance.fund f
            where f.district_id = $1 and f.place_id = $2
                and exists (select from unnest($3::text[]) p (path) where starts_with(f.path || '.', p.path || '.'))
                and not exists (select from finance.transfer t where t.district_id = $1 and t.entry_id = $4)),
        received as (
            insert into finance.account as a (district_id, owner_id, purpose, posted, version)
            select f.district_id, f.place_id, $6, $7, 1 from allowed f where $5 = 'INCOME'
            on conflict (district_id, owner_id, purpose) do update set posted = a.posted + $7, version = a.version + 1
            returning posted, version),
        spent as (
            update finance.account a set posted = a.posted - $7, version = a.version + 1
            where a.district_id = $1 and a.owner_id = $2 and a.purpose = $6 and $5 = 'SPENDING' and exists (select from allowed)
            returning posted, version),
        recorded as (
            insert into finance.transfer as t (district_id, place_id, kind, amount, debit_owner_id, debit_purpose,
                debit_balance_after, debit_version, credit_owner_id, credit_purpose, credit_balance_after, credit_version,
                entry_id, text, voucher_media_id, recorded_by, at)
            select $1, $2, 'INCOME', $7, $1, 'OUTSIDE', null, null, $2, $6, posted, version, $4, $8,
                $9::uuid, $10::uuid, $11::timestamptz from received
            union all
            select $1, $2, 'SPENDING', $7, $2, $6, posted, version, $1, 'OUTSIDE', null, null, $4, $8,
                $9, $10, $11 from spent
            returning t.*),
        told as (
            insert into finance.outbox (district_id, subject_id, type, payload, traceparent, at)
            select district_id, place_id, 'hemei.finance.v1.FundEntryRecorded', jsonb_build_object('entry_id', entry_id,
                'place_id', place_id, 'kind', kind, 'purpose', $6, 'amount_fen', amount, 'at', at), $12, at
            from recorded),
        kept as (
            insert into finance.audit (district_id, at, actor_id, actor_role, act, subject, detail)
            select district_id, at, recorded_by, $13, 'RECORD_ENTRY', entry_id::text, jsonb_build_object('place_id', place_id,
                'kind', kind, 'purpose', $6, 'amount_fen', amount, 'text', text) from recorded)
        select t.transfer_id, t.entry_id, t.place_id, t.kind as "kind!: Kind", $6 as "purpose!", t.amount as amount_fen,
            coalesce(t.debit_balance_after, t.credit_balance_after) as "balance_after_fen!", t.text, t.voucher_media_id,
            t.recorded_by, coalesce(p.name, '') as "recorded_by_name!", t.at
        from recorded t left join finance.person p on p.district_id = $1 and p.person_id = t.recorded_by"#,
        by.district_id,
        new.place_id,
        by.places,
        new.entry_id,
        new.kind as Kind,
        new.purpose,
        new.amount_fen,
        new.text,
        new.voucher_media_id,
        by.person_id,
        by.now,
        by.traceparent,
        by.role
    )
    .fetch_optional(pool)
    .await
}

/// One entry of the district.
pub async fn find(pool: &PgPool, district_id: Uuid, entry_id: Uuid) -> sqlx::Result<Option<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"select t.transfer_id, t.entry_id, t.place_id, t.kind as "kind!: Kind",
            case t.kind when 'INCOME' then t.credit_purpose else t.debit_purpose end as "purpose!", t.amount as amount_fen,
            coalesce(t.debit_balance_after, t.credit_balance_after) as "balance_after_fen!", t.text, t.voucher_media_id,
            t.recorded_by, coalesce(p.name, '') as "recorded_by_name!", t.at
        from finance.transfer t left join finance.person p on p.district_id = t.district_id and p.person_id = t.recorded_by
        where t.district_id = $1 and t.entry_id = $2"#,
        district_id,
        entry_id
    )
    .fetch_optional(pool)
    .await
}

/// A fund's entries, newest first, below a transfer.
pub async fn list(
    pool: &PgPool,
    district_id: Uuid,
    place_id: Uuid,
    below: i64,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"select t.transfer_id, t.entry_id, t.place_id, t.kind as "kind!: Kind",
            case t.kind when 'INCOME' then t.credit_purpose else t.debit_purpose end as "purpose!", t.amount as amount_fen,
            coalesce(t.debit_balance_after, t.credit_balance_after) as "balance_after_fen!", t.text, t.voucher_media_id,
            t.recorded_by, coalesce(p.name, '') as "recorded_by_name!", t.at
        from finance.transfer t left join finance.person p on p.district_id = t.district_id and p.person_id = t.recorded_by
        where t.district_id = $1 and t.place_id = $2 and t.transfer_id < $3
        order by t.transfer_id desc limit $4"#,
        district_id,
        place_id,
        below,
        limit
    )
    .fetch_all(pool)
    .await
}
