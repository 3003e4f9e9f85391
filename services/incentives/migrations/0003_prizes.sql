-- Where prizes can be picked up: a projection of the place tree.
create table incentives.place (
    district_id uuid not null,
    place_id uuid not null,
    path text collate "C" not null,
    name text not null,
    primary key (district_id, place_id)
);
create index place_path on incentives.place (district_id, path);

create table incentives.prize (
    district_id uuid not null,
    prize_id uuid not null,
    name text not null,
    points bigint not null check (points > 0),
    -- Pieces that can still be reserved; supplied = stock + reserved + handed over.
    stock bigint not null constraint stock_not_negative check (stock >= 0),
    supplied bigint not null,
    pickup_place_id uuid not null,
    hold_hours integer not null default 72 check (hold_hours between 1 and 2160),
    active boolean not null default true,
    primary key (district_id, prize_id)
) with (fillfactor = 80);
create index prize_listed on incentives.prize (district_id, points, prize_id) where active;

create table incentives.redemption (
    district_id uuid not null,
    redemption_id uuid not null,
    person_id uuid not null,
    prize_id uuid not null,
    prize_name text not null,
    quantity bigint not null check (quantity between 1 and 99),
    points bigint not null check (points > 0),
    state text not null check (state in ('RESERVED', 'HANDED_OVER', 'CANCELLED', 'EXPIRED')),
    -- The pick-up code, sealed for its member, and its blind index.
    code_sealed bytea not null,
    code_blind bytea not null,
    pickup_place_id uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    -- The staff member who handed it over.
    handed_over_by uuid,
    constraint redemption_id_unique primary key (district_id, redemption_id),
    constraint redemption_ended check ((state = 'RESERVED') = (ended_at is null)),
    constraint redemption_handed_over check ((state = 'HANDED_OVER') = (handed_over_by is not null))
);
create unique index redemption_code_unique on incentives.redemption (district_id, code_blind) where state = 'RESERVED';
create index redemption_code_used on incentives.redemption (district_id, code_blind) where state <> 'RESERVED';
create index redemption_person on incentives.redemption (district_id, person_id, created_at, redemption_id);
create index redemption_due on incentives.redemption (expires_at) where state = 'RESERVED';

-- Moves stock and points of redemptions that have just reached their state, and tells the others. Locks in one order:
-- redemptions (the caller's statement), prizes, accounts.
create function incentives.settle(redemptions incentives.redemption[], traceparent text) returns void language plpgsql as
$$
begin
    perform 1 from incentives.prize p
    where (p.district_id, p.prize_id) in (
        select r.district_id, r.prize_id from unnest(redemptions) r where r.state <> 'HANDED_OVER')
    order by p.district_id, p.prize_id
    for update;

    update incentives.prize p set stock = p.stock + r.returned
    from (
        select r.district_id, r.prize_id, sum(case r.state when 'RESERVED' then -r.quantity else r.quantity end) as returned
        from unnest(redemptions) r where r.state <> 'HANDED_OVER' group by r.district_id, r.prize_id
    ) r
    where p.district_id = r.district_id and p.prize_id = r.prize_id;

    perform incentives.post(array_agg(row(r.district_id, r.person_id, way.kind, r.points, way.debit, way.credit,
        format(way.text, r.prize_name, r.quantity), null, r.redemption_id, format('%s:%s', way.cause, r.redemption_id),
        coalesce(r.ended_at, r.created_at))::incentives.posting))
    from unnest(redemptions) r
    join (values
        ('RESERVED', 'RESERVE', 'AVAILABLE', 'RESERVED', 'redemption', '兑换“%s”%s 件，积分冻结待领取'),
        ('HANDED_OVER', 'HAND_OVER', 'RESERVED', 'REDEEMED', 'redemption-end', '领取“%s”%s 件'),
        ('CANCELLED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '取消兑换“%s”%s 件，积分退回'),
        ('EXPIRED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '兑换“%s”%s 件逾期未领，积分退回')
    ) way (state, kind, debit, credit, cause, text) using (state);

    insert into incentives.outbox (district_id, subject_id, type, payload, traceparent, at)
    select r.district_id, r.redemption_id, 'hemei.incentives.v1.RedemptionChanged', jsonb_build_object(
        'redemption_id', r.redemption_id, 'person_id', r.person_id, 'prize_id', r.prize_id, 'quantity', r.quantity,
        'points', r.points, 'state', r.state, 'at', coalesce(r.ended_at, r.created_at)),
        settle.traceparent, coalesce(r.ended_at, r.created_at)
    from unnest(redemptions) r;
end
$$;
