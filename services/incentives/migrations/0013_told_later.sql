-- Prizes that were handed out without a network and are told later.
alter table incentives.redemption
    -- When it happened, by the clock of the device at the pick-up point; ended_at is when it was told.
    add column handed_over_at timestamptz,
    -- False: no hold stood any more when it was told; points and pieces were taken then.
    add column held boolean not null default true,
    add constraint redemption_handed_over_at check (handed_over_at is null or state in ('HANDED_OVER', 'RETURNED')),
    add constraint redemption_held check (held or state in ('HANDED_OVER', 'RETURNED'));

update incentives.redemption r set handed_over_at = t.at
from incentives.transfer t
where t.district_id = r.district_id and t.redemption_id = r.redemption_id and t.kind = 'HAND_OVER';

-- Who had a code at a time, whatever became of it since.
create index redemption_code on incentives.redemption (district_id, code_blind);
drop index incentives.redemption_code_used;

-- Moves stock and points of redemptions that have just reached their state, and tells the others. Locks in one order:
-- redemptions (the caller's statement), prizes, accounts. A member who wants more of a prize than the month allows breaks
-- `prize_limit`; prizes are locked by then, so nobody slips through beside. What is handed over without a hold takes points and
-- pieces now, whatever the month allows: it has been handed out.
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
        ('CANCELLED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '取消兑换“%s”%s 件，积分退回'),
        ('EXPIRED', 'RETURN', 'RESERVED', 'AVAILABLE', 'redemption-end', '兑换“%s”%s 件逾期未领，积分退回'),
        ('RETURNED', 'TAKE_BACK', 'REDEEMED', 'AVAILABLE', 'redemption-return', '退回“%s”%s 件（%s），积分退回')
    ) way (state, kind, debit, credit, cause, text)
        on way.state = case when r.state = 'HANDED_OVER' and not r.held then 'HANDED_OVER_LATE' else r.state end;

    insert into incentives.outbox (district_id, subject_id, type, payload, traceparent, at)
    select r.district_id, r.redemption_id, 'hemei.incentives.v1.RedemptionChanged', jsonb_build_object(
        'redemption_id', r.redemption_id, 'person_id', r.person_id, 'prize_id', r.prize_id, 'quantity', r.quantity,
        'points', r.points, 'state', r.state, 'at', coalesce(r.ended_at, r.created_at)),
        settle.traceparent, coalesce(r.ended_at, r.created_at)
    from unnest(redemptions) r;
end
$$;
