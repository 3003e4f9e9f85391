-- The award fund of a district: what the best of a month are paid from. It is a fund as any other, with two purposes: AVAILABLE, and
-- HELD for those who are to be paid. Neither can be overdrawn. What was paid, and the tax kept back, lies outside.
create table finance.award_fund (
    district_id uuid not null,
    fund_id uuid not null default gen_random_uuid(),
    -- Kept back from every award.
    tax_percent integer not null default 0 constraint award_fund_tax check (tax_percent between 0 and 45),
    constraint award_fund_key primary key (district_id)
);

alter table finance.transfer drop constraint transfer_kind_check,
    add constraint transfer_kind_check check (kind in ('INCOME', 'SPENDING', 'BUDGET', 'HOLD', 'RELEASE', 'PAY', 'TAX'));

create type finance.movement as (
    district_id uuid, fund_id uuid, kind text, amount bigint, debit_purpose text, credit_purpose text, entry_id uuid, text text,
    voucher_media_id uuid, by_id uuid, at timestamptz
);

-- Moves money of award funds, all or nothing; the same entry_id never moves twice. OUTSIDE has no row.
create function finance.move(movements finance.movement[]) returns void language plpgsql as
$$
declare
    m record;
    debit finance.account;
    credit finance.account;
begin
    insert into finance.account (district_id, owner_id, purpose, posted, version)
    select distinct w.district_id, w.fund_id, leg.purpose, 0, 0
    from unnest(movements) w cross join lateral (values (w.debit_purpose), (w.credit_purpose)) leg (purpose)
    where leg.purpose <> 'OUTSIDE' order by 1, 2, 3
    on conflict do nothing;
    perform 1 from finance.account a
    where (a.district_id, a.owner_id) in (select w.district_id, w.fund_id from unnest(movements) w)
    order by a.district_id, a.owner_id, a.purpose for update;
    for m in select w.* from unnest(movements) with ordinality w order by w.ordinality loop
        debit := null;
        credit := null;
        update finance.account a set posted = a.posted - m.amount, version = a.version + 1
        where a.district_id = m.district_id and a.owner_id = m.fund_id and a.purpose = m.debit_purpose returning a.* into debit;
        update finance.account a set posted = a.posted + m.amount, version = a.version + 1
        where a.district_id = m.district_id and a.owner_id = m.fund_id and a.purpose = m.credit_purpose returning a.* into credit;
        insert into finance.transfer (district_id, place_id, kind, amount, debit_owner_id, debit_purpose, debit_balance_after,
            debit_version, credit_owner_id, credit_purpose, credit_balance_after, credit_version, entry_id, text, voucher_media_id,
            recorded_by, at)
        values (m.district_id, m.fund_id, m.kind, m.amount,
            case when m.debit_purpose = 'OUTSIDE' then m.district_id else m.fund_id end, m.debit_purpose, debit.posted, debit.version,
            case when m.credit_purpose = 'OUTSIDE' then m.district_id else m.fund_id end, m.credit_purpose, credit.posted, credit.version,
            m.entry_id, m.text, m.voucher_media_id, m.by_id, m.at);
    end loop;
end
$$;

-- What a member is to be paid, once per award. WAITING for money, READY to be paid, SENT to the bank, PAID, or RETURNED to the fund.
create table finance.payout (
    district_id uuid not null,
    -- The id of the award: an award told twice is one payout.
    payout_id uuid not null,
    person_id uuid not null,
    month text collate "C" not null,
    rank integer not null,
    gross_fen bigint not null constraint payout_gross check (gross_fen between 1 and 10000000),
    tax_fen bigint not null constraint payout_tax check (tax_fen between 0 and gross_fen),
    net_fen bigint not null generated always as (gross_fen - tax_fen) stored,
    state text collate "C" not null constraint payout_state check (state in ('WAITING', 'READY', 'SENT', 'PAID', 'RETURNED')),
    -- How the member wants it: BANK with a sealed account, IN_PERSON.
    method text collate "C" constraint payout_method check (method in ('BANK', 'IN_PERSON')),
    account_name text,
    account_sealed bytea,
    batch_id uuid,
    -- Grows whenever money is held or given back for it: names the movements.
    round integer not null default 0,
    signature_media_id uuid,
    reason text not null default '',
    by_id uuid,
    ordered_at timestamptz not null,
    changed_at timestamptz not null,
    constraint payout_key primary key (district_id, payout_id),
    constraint payout_bank check ((account_sealed is null) = (account_name is null)),
    constraint payout_batch check (state <> 'SENT' or batch_id is not null)
);
create index payout_person on finance.payout (district_id, person_id, ordered_at, payout_id);
create index payout_waiting on finance.payout (district_id, ordered_at, rank) where state = 'WAITING';
create index payout_state on finance.payout (district_id, state, ordered_at, payout_id);
create index payout_in_batch on finance.payout (district_id, batch_id) where batch_id is not null;

-- Every state a payout was in.
create table finance.payout_event (
    district_id uuid not null,
    payout_id uuid not null,
    sequence integer not null,
    state text collate "C" not null,
    text text not null,
    by_id uuid,
    at timestamptz not null,
    constraint payout_event_key primary key (district_id, payout_id, sequence)
);
create trigger payout_event_append_only before update or delete or truncate on finance.payout_event
    for each statement execute function finance.refuse_change();

create function finance.note_payout() returns trigger language plpgsql as
$$
begin
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into finance.payout_event (district_id, payout_id, sequence, state, text, by_id, at)
        select new.district_id, new.payout_id, coalesce(max(e.sequence), 0) + 1, new.state, new.reason, new.by_id, new.changed_at
        from finance.payout_event e where e.district_id = new.district_id and e.payout_id = new.payout_id;
        insert into finance.outbox (district_id, subject_id, type, payload, at)
        values (new.district_id, new.payout_id, 'hemei.finance.v1.PayoutChanged', jsonb_build_object('payout_id', new.payout_id,
            'person_id', new.person_id, 'month', new.month, 'gross_fen', new.gross_fen, 'net_fen', new.net_fen, 'state', new.state,
            'at', new.changed_at), new.changed_at);
    end if;
    return null;
end
$$;
create trigger payout_noted after insert or update on finance.payout for each row execute function finance.note_payout();

-- The id of a movement for a payout: the same cause is the same id.
create function finance.movement_id(payout_id uuid, round integer, kind text) returns uuid language sql immutable as
$$ select md5(payout_id || ':' || round || ':' || kind)::uuid $$;

-- Holds money for those who wait, in the order they were ordered, as far as there is any; answers for how many.
create function finance.hold_waiting(district uuid, now timestamptz) returns integer language plpgsql as
$$
declare
    fund uuid;
    left_fen bigint;
    held integer := 0;
    waiting finance.payout;
begin
    select f.fund_id into fund from finance.award_fund f where f.district_id = district;
    select a.posted into left_fen from finance.account a
    where a.district_id = district and a.owner_id = fund and a.purpose = 'AVAILABLE' for update;
    for waiting in
        select p.* from finance.payout p where p.district_id = district and p.state = 'WAITING'
        order by p.ordered_at, p.rank, p.payout_id for update
    loop
        exit when left_fen is null or waiting.gross_fen > left_fen;
        left_fen := left_fen - waiting.gross_fen;
        held := held + 1;
        perform finance.move(array[row(district, fund, 'HOLD', waiting.gross_fen, 'AVAILABLE', 'HELD',
            finance.movement_id(waiting.payout_id, waiting.round + 1, 'HOLD'), format('%s 第%s名奖励预留', waiting.month, waiting.rank),
            null, waiting.person_id, now)::finance.movement]);
        update finance.payout p set state = 'READY', round = p.round + 1, changed_at = now, reason = '', by_id = null
        where p.district_id = district and p.payout_id = waiting.payout_id;
    end loop;
    return held;
end
$$;

-- Moves the money of payouts that have just been paid or given up.
create function finance.settle_payouts(payouts finance.payout[]) returns void language sql as
$$
select finance.move(array_agg(row(p.district_id, f.fund_id, way.kind, way.amount, 'HELD', way.credit,
    finance.movement_id(p.payout_id, p.round, way.kind), format(way.words, p.month, p.rank), p.signature_media_id,
    coalesce(p.by_id, p.person_id), p.changed_at)::finance.movement order by p.district_id, p.payout_id, way.kind))
from unnest(payouts) p
join finance.award_fund f on f.district_id = p.district_id
cross join lateral (values
    ('PAID', 'PAY', p.net_fen, 'OUTSIDE', '%s 第%s名奖励发放'),
    ('PAID', 'TAX', p.tax_fen, 'OUTSIDE', '%s 第%s名奖励代扣税'),
    ('RETURNED', 'RELEASE', p.gross_fen, 'AVAILABLE', '%s 第%s名奖励退回')
) way (state, kind, amount, credit, words)
where way.state = p.state and way.amount > 0
$$;

-- What was sent to a bank, sealed: the same batch is the same file.
create table finance.payout_batch (
    district_id uuid not null,
    batch_id uuid not null,
    payouts integer not null default 0,
    net_fen bigint not null default 0,
    file_sealed bytea,
    by_id uuid not null,
    at timestamptz not null,
    constraint payout_batch_key primary key (district_id, batch_id)
);
