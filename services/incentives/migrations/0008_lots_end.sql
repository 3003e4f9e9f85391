-- How lots end, and what moves points.

-- The end of the month, so many months after a time, where the districts are.
create function incentives.month_end(at timestamptz, months integer) returns timestamptz language sql immutable as
$$ select (date_trunc('month', at at time zone 'Asia/Shanghai') + make_interval(months => months + 1)) at time zone 'Asia/Shanghai' $$;

-- Ends the lots of members whose time is over; what another sweeper or a redemption holds is left to the next round.
create function incentives.expire_lots(until timestamptz, most bigint) returns bigint language plpgsql as
$$
declare
    members uuid[];
    districts uuid[];
    postings incentives.posting[];
begin
    with due as (
        select distinct l.district_id, l.person_id from (
            select district_id, person_id from incentives.lot
            where remaining > 0 and expires_at < 'infinity' and expires_at <= until order by expires_at limit most) l
    ),
    locked as (
        select a.district_id, a.owner_id from incentives.account a
        where a.purpose = 'AVAILABLE' and (a.district_id, a.owner_id) in (select d.district_id, d.person_id from due d)
        order by a.district_id, a.owner_id for update skip locked
    )
    select array_agg(district_id), array_agg(owner_id) into districts, members from locked;
    if members is null then
        return 0;
    end if;
    -- what the lots hold is read after their accounts are locked
    select array_agg(row(d.district_id, d.person_id, 'EXPIRE', d.points, 'AVAILABLE', 'EXPIRED',
        format('积分有效期至%s，未使用的%s分已过期', to_char(d.expires_at at time zone 'Asia/Shanghai' - interval '1 second', 'YYYY年FMMM月FMDD日'), d.points),
        null, null, format('expire:%s:%s:%s', d.person_id, extract(epoch from d.expires_at)::bigint, d.times), until, null, null, null, null)::incentives.posting
        order by d.district_id, d.person_id, d.expires_at)
    into postings
    from (
        select l.district_id, l.person_id, l.expires_at, sum(l.remaining)::bigint as points,
            -- a lot that got points back after its time is over ends again
            (select a.version from incentives.account a
             where a.district_id = l.district_id and a.owner_id = l.person_id and a.purpose = 'AVAILABLE') as times
        from unnest(districts, members) m (district_id, person_id)
        join incentives.lot l on l.district_id = m.district_id and l.person_id = m.person_id
        where l.remaining > 0 and l.expires_at <= until
        group by 1, 2, 3
    ) d;
    if postings is null then
        return 0;
    end if;
    perform incentives.post(postings);
    return cardinality(postings);
end
$$;

-- Says once what a member will lose at a time that is near.
create function incentives.remind_of_lots(now timestamptz, until timestamptz, most bigint, traceparent text) returns bigint language sql as
$$
with near as (
    select district_id, person_id, lot_id from incentives.lot
    where remaining > 0 and reminded_at is null and expires_at < 'infinity' and expires_at <= until
    order by expires_at limit most for update skip locked
),
marked as (
    update incentives.lot l set reminded_at = now
    from near n where l.district_id = n.district_id and l.person_id = n.person_id and l.lot_id = n.lot_id
    returning l.district_id, l.person_id, l.remaining, l.expires_at
),
told as (
    insert into incentives.outbox (district_id, subject_id, type, payload, traceparent, at)
    select m.district_id, m.person_id, 'hemei.incentives.v1.PointsExpiring', jsonb_build_object(
        'person_id', m.person_id, 'points', sum(m.remaining), 'expires_at', m.expires_at), remind_of_lots.traceparent, now
    from marked m group by m.district_id, m.person_id, m.expires_at
)
select count(*) from marked
$$;

alter table incentives.award add column expiry_months integer not null default 12
    constraint award_expiry_months check (expiry_months between 1 and 120);

-- Moves the points of awards that have just reached their state.
create or replace function incentives.pay(awards incentives.award[]) returns void language sql as
$$
select incentives.post(array_agg(row(a.district_id, a.person_id, way.kind, a.points, way.debit, way.credit,
    format(way.text, a.ticket_number), a.ticket_id, null, format('%s:%s:%s', way.cause, a.ticket_id, a.rule),
    coalesce(a.ended_at, a.awarded_at), null, null,
    case when a.state = 'ACTIVE' then incentives.month_end(a.ended_at, a.expiry_months) end, null)::incentives.posting))
from unnest(awards) a
join (values
    ('PENDING', 'AWARD', 'BUDGET', 'PENDING', 'award', '上报 %s 被受理，积分待生效'),
    ('ACTIVE', 'ACTIVATE', 'PENDING', 'AVAILABLE', 'award-end', '上报 %s 办结，积分生效'),
    ('VOID', 'VOID', 'PENDING', 'BUDGET', 'award-end', '上报 %s 无效或已撤回，待生效积分取消')
) way (state, kind, debit, credit, cause, text) using (state)
$$;

-- Moves stock and points of redemptions that have just reached their state, and tells the others. Locks in one order:
-- redemptions (the caller's statement), prizes, accounts.
create or replace function incentives.settle(redemptions incentives.redemption[], traceparent text) returns void language plpgsql as
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
        coalesce(r.ended_at, r.created_at), null, null, null,
        r.handed_over_by)::incentives.posting))
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

-- Points given for something that is neither a report nor a prize: a day of snow clearing, a course.
create table incentives.activity (
    district_id uuid not null,
    activity_id uuid not null,
    name text not null,
    points bigint not null constraint activity_points check (points between 1 and 1000),
    people uuid[] not null constraint activity_people check (cardinality(people) between 1 and 200),
    granted_by uuid not null,
    at timestamptz not null,
    constraint activity_key primary key (district_id, activity_id)
);
create trigger activity_append_only before update or delete or truncate on incentives.activity
    for each statement execute function incentives.refuse_change();

alter table incentives.award add column reason text not null default '', drop constraint award_state_check,
    add constraint award_state_check check (state in ('PENDING', 'ACTIVE', 'VOID', 'REVERSED'));
