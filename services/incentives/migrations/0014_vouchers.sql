-- Prizes that are codes of a shop, each good once: there is nothing to pick up, and nothing comes back.
alter table incentives.prize
    add column kind text collate "C" not null default 'GOODS' constraint prize_kind check (kind in ('GOODS', 'VOUCHER'));

alter table incentives.redemption
    -- As the prize's. Of a voucher, code_sealed is the code of the shop, and nobody hands it over.
    add column kind text collate "C" not null default 'GOODS',
    -- The last day on which the voucher is good.
    add column valid_until date,
    drop constraint redemption_handed_over,
    add constraint redemption_handed_over
        check ((kind = 'GOODS' and state in ('HANDED_OVER', 'RETURNED')) = (handed_over_by is not null)),
    add constraint redemption_kind
        check (kind = 'GOODS' and valid_until is null or kind = 'VOUCHER' and state = 'HANDED_OVER' and quantity = 1 and not held);

create table incentives.voucher_import (
    district_id uuid not null,
    import_id uuid not null,
    prize_id uuid not null,
    -- The blind index of everything in it: the same again is known by it, and nothing can be read from it.
    body_blind bytea not null,
    added integer not null,
    -- Which of its codes were there already, counted from 0.
    known integer[] not null,
    -- Empty where an operator imported a file.
    by_id uuid,
    at timestamptz not null,
    constraint voucher_import_key primary key (district_id, import_id)
);
create trigger voucher_import_append_only before update or delete or truncate on incentives.voucher_import
    for each statement execute function incentives.refuse_change();

create table incentives.voucher (
    district_id uuid not null,
    voucher_id bigint not null generated always as identity,
    prize_id uuid not null,
    import_id uuid not null,
    code_sealed bytea not null,
    code_blind bytea not null,
    -- The last day on which it is good; empty: for ever.
    valid_until date,
    -- Whose it is; each code is given once.
    redemption_id uuid,
    -- When it was taken off, because its last day was over.
    withdrawn_at timestamptz,
    constraint voucher_key primary key (district_id, voucher_id),
    constraint voucher_once unique (district_id, prize_id, code_blind),
    constraint voucher_ended check (redemption_id is null or withdrawn_at is null)
) with (fillfactor = 80);
create unique index voucher_redemption on incentives.voucher (district_id, redemption_id) where redemption_id is not null;
create index voucher_unused on incentives.voucher (district_id, prize_id, valid_until, voucher_id)
    where redemption_id is null and withdrawn_at is null;
create index voucher_due on incentives.voucher (valid_until) where redemption_id is null and withdrawn_at is null and valid_until is not null;

-- Adds the codes that are not there yet, once an import, and answers which were; nothing where the prize is no voucher or the import
-- is known. A code may be there under an older key of the blind index: `tried` holds all its values. The prize is locked first, so
-- that nobody adds the same beside.
create function incentives.add_vouchers(import incentives.voucher_import, numbers integer[], sealed bytea[], blinds bytea[],
    last_days date[], tried_numbers integer[], tried bytea[]) returns incentives.voucher_import language plpgsql as
$$
begin
    perform 1 from incentives.prize p
    where p.district_id = import.district_id and p.prize_id = import.prize_id and p.kind = 'VOUCHER' for update;
    if not found or exists (select from incentives.voucher_import i
        where i.district_id = import.district_id and i.import_id = import.import_id) then
        return null;
    end if;

    import.known := array(
        select number from unnest(import.known) number
        union
        select t.number from unnest(tried_numbers, tried) t (number, blind)
        join incentives.voucher v on v.district_id = import.district_id and v.prize_id = import.prize_id and v.code_blind = t.blind
        order by 1);

    insert into incentives.voucher (district_id, prize_id, import_id, code_sealed, code_blind, valid_until)
    select import.district_id, import.prize_id, import.import_id, o.sealed, o.blind, o.last_day
    from unnest(numbers, sealed, blinds, last_days) o (number, sealed, blind, last_day)
    where o.number <> all (import.known)
    order by o.number;
    get diagnostics import.added = row_count;

    update incentives.prize p set stock = p.stock + import.added, supplied = p.supplied + import.added
    where p.district_id = import.district_id and p.prize_id = import.prize_id;
    insert into incentives.voucher_import select import.*;
    return import;
end
$$;

-- Gives a code to a member for their points; nothing where the id is taken or there is no such prize. Of the codes the one that ends
-- first; where there is none, `stock_not_negative` is broken. The prize is locked first, so no code is passed over because somebody
-- else only tried to have it.
create function incentives.give_voucher(wanted incentives.redemption, traceparent text) returns incentives.redemption language plpgsql as
$$
declare
    prize incentives.prize;
    voucher incentives.voucher;
    given incentives.redemption;
begin
    select p.* into prize from incentives.prize p
    where p.district_id = wanted.district_id and p.prize_id = wanted.prize_id and p.active and p.kind = 'VOUCHER' for update;
    if not found or exists (select from incentives.redemption r
        where r.district_id = wanted.district_id and r.redemption_id = wanted.redemption_id) then
        return null;
    end if;
    if wanted.quantity <> 1 then
        raise exception 'a voucher is one code' using errcode = 'check_violation', constraint = 'voucher_quantity';
    end if;

    select v.* into voucher from incentives.voucher v
    where v.district_id = wanted.district_id and v.prize_id = wanted.prize_id and v.redemption_id is null and v.withdrawn_at is null
        and (v.valid_until is null or v.valid_until >= (wanted.created_at at time zone 'Asia/Shanghai')::date)
    order by v.valid_until, v.voucher_id limit 1 for update;
    if not found then
        raise exception 'no code is left' using errcode = 'check_violation', constraint = 'stock_not_negative';
    end if;

    insert into incentives.redemption as r (district_id, redemption_id, person_id, prize_id, prize_name, quantity, points, state, kind,
        held, code_sealed, code_blind, valid_until, pickup_place_id, created_at, expires_at, ended_at, handed_over_at)
    values (wanted.district_id, wanted.redemption_id, wanted.person_id, wanted.prize_id, prize.name, 1, prize.points, 'HANDED_OVER',
        'VOUCHER', false, voucher.code_sealed, voucher.code_blind, voucher.valid_until, prize.pickup_place_id, wanted.created_at,
        wanted.created_at, wanted.created_at, wanted.created_at)
    on conflict on constraint redemption_id_unique do nothing
    returning r.* into given;
    if not found then
        return null;
    end if;
    update incentives.voucher v set redemption_id = given.redemption_id
    where v.district_id = voucher.district_id and v.voucher_id = voucher.voucher_id;
    perform incentives.settle(array[given], traceparent);
    return given;
end
$$;

-- Takes codes off whose last day is over; answers how many.
create function incentives.withdraw_vouchers(now timestamptz, most bigint) returns bigint language plpgsql as
$$
declare
    today date := (now at time zone 'Asia/Shanghai')::date;
    districts uuid[];
    due bigint[];
    withdrawn bigint;
begin
    select array_agg(v.district_id), array_agg(v.voucher_id) into districts, due from (
        select v.district_id, v.voucher_id from incentives.voucher v
        where v.redemption_id is null and v.withdrawn_at is null and v.valid_until < today
        order by v.valid_until limit most) v;
    if due is null then
        return 0;
    end if;
    perform 1 from incentives.prize p
    where (p.district_id, p.prize_id) in (
        select v.district_id, v.prize_id from unnest(districts, due) d (district_id, voucher_id)
        join incentives.voucher v using (district_id, voucher_id))
    order by p.district_id, p.prize_id for update;

    with off as (
        update incentives.voucher v set withdrawn_at = now
        from unnest(districts, due) d (district_id, voucher_id)
        where v.district_id = d.district_id and v.voucher_id = d.voucher_id and v.redemption_id is null and v.withdrawn_at is null
        returning v.district_id, v.prize_id),
    counted as (
        select district_id, prize_id, count(*) as codes from off group by 1, 2),
    less as (
        update incentives.prize p set stock = p.stock - c.codes, supplied = p.supplied - c.codes
        from counted c where p.district_id = c.district_id and p.prize_id = c.prize_id)
    select coalesce(sum(codes), 0) into withdrawn from counted;
    return withdrawn;
end
$$;

-- Moves stock and points of redemptions that have just reached their state, and tells the others. Locks in one order:
-- redemptions (the caller's statement), prizes, accounts. A member who wants more of a prize than the month allows breaks
-- `prize_limit`; prizes are locked by then, so nobody slips through beside. What is handed over without a hold takes points and
-- pieces now; whatever the month allows where it has been handed out, within the month where it is a voucher.
create or replace function incentives.settle(redemptions incentives.redemption[], traceparent text) returns void language plpgsql as
$$
begin
    perform 1 from incentives.prize p
    where (p.district_id, p.prize_id) in (
        select r.district_id, r.prize_id from unnest(redemptions) r where r.state <> 'HANDED_OVER' or not r.held)
    order by p.district_id, p.prize_id
    for update;

    if exists (
        select from unnest(redemptions) r
        join incentives.prize p on p.district_id = r.district_id and p.prize_id = r.prize_id
        where (r.state = 'RESERVED' or r.kind = 'VOUCHER') and p.per_person_month > 0 and p.per_person_month < (
            select sum(o.quantity) from incentives.redemption o
            where o.district_id = r.district_id and o.person_id = r.person_id and o.prize_id = r.prize_id
                and o.state in ('RESERVED', 'HANDED_OVER')
                and incentives.month_of(o.created_at) = incentives.month_of(r.created_at)))
    then
        raise exception 'more than a member may redeem in a month' using errcode = 'check_violation', constraint = 'prize_limit';
    end if;

    update incentives.prize p set stock = p.stock + r.returned, supplied = p.supplied - r.lost
    from (
        select r.district_id, r.prize_id,
            sum(case when r.state in ('RESERVED', 'HANDED_OVER') then -r.quantity when r.state = 'RETURNED' and not r.restocked then 0
                else r.quantity end) as returned,
            sum(case when r.state = 'RETURNED' and not r.restocked then r.quantity else 0 end) as lost
        from unnest(redemptions) r where r.state <> 'HANDED_OVER' or not r.held group by r.district_id, r.prize_id
    ) r
    where p.district_id = r.district_id and p.prize_id = r.prize_id;

    perform incentives.post(array_agg(row(r.district_id, r.person_id, way.kind, r.points, way.debit, way.credit,
        format(way.text, r.prize_name, r.quantity, r.return_reason), null, r.redemption_id, format('%s:%s', way.cause, r.redemption_id),
        coalesce(r.ended_at, r.created_at), null, null, null, coalesce(r.returned_by, r.handed_over_by))::incentives.posting))
    from unnest(redemptions) r
    join (values
        ('RESERVED', 'RESERVE', 'AVAILABLE', 'RESERVED', 'redemption', '兑换“%s”%s 件，积分冻结待领取'),
        ('HANDED_OVER', 'HAND_OVER', 'RESERVED', 'REDEEMED', 'redemption-end', '领取“%s”%s 件'),
        ('HANDED_OVER_LATE', 'HAND_OVER', 'AVAILABLE', 'REDEEMED', 'redemption-late', '逾期前已领取“%s”%s 件，事后补登，积分扣除'),
        ('VOUCHER', 'HAND_OVER', 'AVAILABLE', 'REDEEMED', 'redemption', '兑换“%s”%s 份，券码已发放'),
        ('CANCELLED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '取消兑换“%s”%s 件，积分退回'),
        ('EXPIRED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '兑换“%s”%s 件逾期未领，积分退回'),
        ('RETURNED', 'TAKE_BACK', 'REDEEMED', 'AVAILABLE', 'redemption-return', '退回“%s”%s 件（%s），积分退回')
    ) way (state, kind, debit, credit, cause, text)
        on way.state = case when r.kind = 'VOUCHER' then 'VOUCHER' when r.state = 'HANDED_OVER' and not r.held then 'HANDED_OVER_LATE' else r.state end;

    insert into incentives.outbox (district_id, subject_id, type, payload, traceparent, at)
    select r.district_id, r.redemption_id, 'hemei.incentives.v1.RedemptionChanged', jsonb_build_object(
        'redemption_id', r.redemption_id, 'person_id', r.person_id, 'prize_id', r.prize_id, 'quantity', r.quantity,
        'points', r.points, 'state', r.state, 'at', coalesce(r.ended_at, r.created_at)),
        settle.traceparent, coalesce(r.ended_at, r.created_at)
    from unnest(redemptions) r;
end
$$;
