-- Prizes as people look after them: a photo, opening hours, a limit; what is given back; what is counted on the shelf.
alter table incentives.prize
    add column photo_media_id uuid,
    -- As people read them: "周一至周五 9:00–17:00".
    add column pickup_hours text not null default '',
    -- Pieces one member may redeem in a month where the districts are; 0 is no limit.
    add column per_person_month integer not null default 0 constraint prize_limit check (per_person_month between 0 and 99);

alter table incentives.redemption
    add column returned_by uuid,
    -- Whether the returned pieces can be given to somebody else.
    add column restocked boolean,
    add column return_reason text not null default '',
    drop constraint redemption_state_check,
    add constraint redemption_state_check check (state in ('RESERVED', 'HANDED_OVER', 'CANCELLED', 'EXPIRED', 'RETURNED')),
    drop constraint redemption_handed_over,
    add constraint redemption_handed_over check ((state in ('HANDED_OVER', 'RETURNED')) = (handed_over_by is not null)),
    add constraint redemption_returned check ((state = 'RETURNED') = (returned_by is not null) and (returned_by is null) = (restocked is null));
create index redemption_of_prize on incentives.redemption (district_id, person_id, prize_id, created_at)
    where state in ('RESERVED', 'HANDED_OVER');

-- What was found on the shelf, and by how much it differed from what should have been there.
create table incentives.stock_take (
    district_id uuid not null,
    stock_take_id uuid not null,
    prize_id uuid not null,
    counted bigint not null constraint stock_take_counted check (counted >= 0),
    expected bigint not null,
    note text not null,
    by_id uuid not null,
    at timestamptz not null,
    constraint stock_take_key primary key (district_id, stock_take_id)
);
create index stock_take_prize on incentives.stock_take (district_id, prize_id, at);
create trigger stock_take_append_only before update or delete or truncate on incentives.stock_take
    for each statement execute function incentives.refuse_change();

-- Moves stock and points of redemptions that have just reached their state, and tells the others. Locks in one order:
-- redemptions (the caller's statement), prizes, accounts. A member who wants more of a prize than the month allows breaks
-- `prize_limit`; prizes are locked by then, so nobody slips through beside.
create or replace function incentives.settle(redemptions incentives.redemption[], traceparent text) returns void language plpgsql as
$$
begin
    perform 1 from incentives.prize p
    where (p.district_id, p.prize_id) in (
        select r.district_id, r.prize_id from unnest(redemptions) r where r.state <> 'HANDED_OVER')
    order by p.district_id, p.prize_id
    for update;

    if exists (
        select from unnest(redemptions) r
        join incentives.prize p on p.district_id = r.district_id and p.prize_id = r.prize_id
        where r.state = 'RESERVED' and p.per_person_month > 0 and p.per_person_month < (
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
            sum(case when r.state = 'RESERVED' then -r.quantity when r.state = 'RETURNED' and not r.restocked then 0
                else r.quantity end) as returned,
            sum(case when r.state = 'RETURNED' and not r.restocked then r.quantity else 0 end) as lost
        from unnest(redemptions) r where r.state <> 'HANDED_OVER' group by r.district_id, r.prize_id
    ) r
    where p.district_id = r.district_id and p.prize_id = r.prize_id;

    perform incentives.post(array_agg(row(r.district_id, r.person_id, way.kind, r.points, way.debit, way.credit,
        format(way.text, r.prize_name, r.quantity, r.return_reason), null, r.redemption_id, format('%s:%s', way.cause, r.redemption_id),
        coalesce(r.ended_at, r.created_at), null, null, null, coalesce(r.returned_by, r.handed_over_by))::incentives.posting))
    from unnest(redemptions) r
    join (values
        ('RESERVED', 'RESERVE', 'AVAILABLE', 'RESERVED', 'redemption', '兑换“%s”%s 件，积分冻结待领取'),
        ('HANDED_OVER', 'HAND_OVER', 'RESERVED', 'REDEEMED', 'redemption-end', '领取“%s”%s 件'),
        ('CANCELLED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '取消兑换“%s”%s 件，积分退回'),
        ('EXPIRED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '兑换“%s”%s 件逾期未领，积分退回'),
        ('RETURNED', 'TAKE_BACK', 'REDEEMED', 'AVAILABLE', 'redemption-return', '退回“%s”%s 件（%s），积分退回')
    ) way (state, kind, debit, credit, cause, text) using (state);

    insert into incentives.outbox (district_id, subject_id, type, payload, traceparent, at)
    select r.district_id, r.redemption_id, 'hemei.incentives.v1.RedemptionChanged', jsonb_build_object(
        'redemption_id', r.redemption_id, 'person_id', r.person_id, 'prize_id', r.prize_id, 'quantity', r.quantity,
        'points', r.points, 'state', r.state, 'at', coalesce(r.ended_at, r.created_at)),
        settle.traceparent, coalesce(r.ended_at, r.created_at)
    from unnest(redemptions) r;
end
$$;
