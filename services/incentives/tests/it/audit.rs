//! Recounts everything from the raw rows.
use sqlx::PgPool;

/// Every account against its legs, every prize and every reserved or pending balance against what it stands for.
pub async fn audit(pool: &PgPool) {
    accounts(pool).await;
    meanings(pool).await;
    vouchers(pool).await;
}

/// Every account's balance and gap-free version against its legs.
pub async fn accounts(pool: &PgPool) {
    none(
        pool,
        "an account differs from its legs",
        "with leg as (
            select district_id, debit_owner_id as owner_id, debit_purpose as purpose, -amount as amount,
                debit_version as version, debit_balance_after as balance_after
            from incentives.transfer where debit_version is not null
            union all
            select district_id, credit_owner_id, credit_purpose, amount, credit_version, credit_balance_after
            from incentives.transfer where credit_version is not null),
        running as (
            select *, sum(amount) over (partition by district_id, owner_id, purpose order by version) as sum,
                row_number() over (partition by district_id, owner_id, purpose order by version) as number
            from leg),
        counted as (
            select district_id, owner_id, purpose, sum(amount) as posted, count(*) as version,
                bool_and(version = number and balance_after = sum and sum >= 0) as sound
            from running group by 1, 2, 3)
        select count(*) from incentives.account a full join counted c using (district_id, owner_id, purpose)
        where (a.posted, a.version) is distinct from (c.posted, c.version) or not c.sound",
    )
    .await;
    none(
        pool,
        "the ledger does not sum to zero",
        "select case when (select coalesce(sum(posted), 0) from incentives.account)
            + (select coalesce(sum(case when credit_owner_id = district_id then amount else 0 end
                - case when debit_owner_id = district_id then amount else 0 end), 0)
                from incentives.transfer) = 0 then 0 else 1 end::bigint",
    )
    .await;
}

async fn meanings(pool: &PgPool) {
    none(
        pool,
        "lots hold something else than what is available",
        "select count(*) from (select district_id, owner_id, posted from incentives.account where purpose = 'AVAILABLE') a
        full join (select district_id, person_id as owner_id, sum(remaining) as held from incentives.lot group by 1, 2) l
            using (district_id, owner_id)
        where coalesce(a.posted, 0) <> coalesce(l.held, 0)",
    )
    .await;
    none(
        pool,
        "a lot differs from its uses, or a debit from what it took",
        "select (select count(*) from incentives.lot l where l.remaining <> l.amount - (
                select coalesce(sum(u.amount), 0) from incentives.lot_use u where u.lot_id = l.lot_id))
            + (select count(*) from incentives.transfer t where t.debit_purpose = 'AVAILABLE' and t.amount <> (
                select coalesce(sum(u.amount), 0) from incentives.lot_use u where u.transfer_id = t.transfer_id))",
    )
    .await;
    none(
        pool,
        "a prize differs from its redemptions",
        "select count(*) from incentives.prize p where p.stock < 0 or p.supplied <> p.stock + (
            select coalesce(sum(r.quantity), 0) from incentives.redemption r
            where r.prize_id = p.prize_id and r.state in ('RESERVED', 'HANDED_OVER'))",
    )
    .await;
    none(
        pool,
        "reserved points differ from reservations",
        "select count(*) from (
            select owner_id, posted from incentives.account where purpose = 'RESERVED' and posted > 0
            except select person_id, sum(points) from incentives.redemption where state = 'RESERVED' group by 1) d",
    )
    .await;
    none(
        pool,
        "pending points differ from pending awards",
        "select count(*) from (
            select owner_id, posted from incentives.account where purpose = 'PENDING' and posted > 0
            except select person_id, sum(points) from incentives.award where state in ('PENDING', 'HELD') group by 1) d",
    )
    .await;
    none(
        pool,
        "a redemption was told or posted too often or not at all",
        "select count(*) from incentives.redemption r
        cross join lateral (select count(*) as transfers from incentives.transfer t where t.redemption_id = r.redemption_id) t
        cross join lateral (select count(*) as events from incentives.outbox o where o.subject_id = r.redemption_id) o
        where o.events <> t.transfers or t.transfers <> case r.kind when 'VOUCHER' then 1 else
            case r.state when 'RESERVED' then 1 when 'RETURNED' then 3 else 2 end + case when r.held then 0 else 1 end end",
    )
    .await;
}

/// Every code against whose it is, every voucher's stock against its codes.
async fn vouchers(pool: &PgPool) {
    none(
        pool,
        "a voucher's redemption without exactly one code of its own",
        "select count(*) from (select * from incentives.redemption where kind = 'VOUCHER') r
        full join (select * from incentives.voucher where redemption_id is not null) v using (district_id, redemption_id)
        where (r.prize_id, r.code_sealed) is distinct from (v.prize_id, v.code_sealed)",
    )
    .await;
    none(
        pool,
        "a voucher's stock differs from its codes",
        "select count(*) from incentives.prize p where p.kind = 'VOUCHER' and p.stock <> (
            select count(*) from incentives.voucher v where v.district_id = p.district_id and v.prize_id = p.prize_id
                and v.redemption_id is null and v.withdrawn_at is null)",
    )
    .await;
}

async fn none(pool: &PgPool, wrong: &str, statement: &'static str) {
    let found: i64 = sqlx::query_scalar(statement).fetch_one(pool).await.unwrap();
    assert_eq!(found, 0, "{wrong}");
}
