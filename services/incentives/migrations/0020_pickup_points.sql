-- Nobody moves stock while it is taken over.
lock table incentives.redemption, incentives.prize in access exclusive mode;

-- Where prizes are handed over: a place of the tree, with what people need to find it and to find it open.
create table incentives.pickup_point (
    district_id uuid not null,
    place_id uuid not null,
    name text not null,
    address text not null,
    phone text not null,
    lat double precision,
    lng double precision,
    -- {"week": [{"weekday": 1, "from": 540, "to": 1080}], "days": [{"date": "2027-01-01", "spans": [], "note": "元旦"}]},
    -- minutes of the local day.
    opening jsonb not null,
    constraint pickup_point_key primary key (district_id, place_id),
    constraint pickup_point_coordinate check ((lat is null) = (lng is null))
);

-- What of a prize lies at each of its points; the prize holds the sums. A voucher lies nowhere.
create table incentives.prize_point (
    district_id uuid not null,
    prize_id uuid not null,
    place_id uuid not null,
    -- Pieces that can still be reserved here; supplied = stock + reserved + handed over.
    stock bigint not null constraint stock_not_negative check (stock >= 0),
    supplied bigint not null,
    -- What was brought here so far; counts and write-offs do not change it.
    imported bigint not null,
    constraint prize_point_key primary key (district_id, prize_id, place_id)
) with (fillfactor = 80);
create index prize_point_place on incentives.prize_point (district_id, place_id);
insert into incentives.prize_point (district_id, prize_id, place_id, stock, supplied, imported)
select district_id, prize_id, pickup_place_id, stock, supplied, imported from incentives.prize where kind = 'GOODS';

-- What a file brings lies at the prize's first point.
create function incentives.bring_to_first_point() returns trigger language plpgsql as
$$
begin
    if tg_op = 'INSERT' then
        insert into incentives.prize_point (district_id, prize_id, place_id, stock, supplied, imported)
        values (new.district_id, new.prize_id, new.pickup_place_id, new.stock, new.supplied, new.imported);
    else
        update incentives.prize_point s set stock = s.stock + new.imported - old.imported,
            supplied = s.supplied + new.imported - old.imported, imported = new.imported
        where s.district_id = new.district_id and s.prize_id = new.prize_id and s.place_id = new.pickup_place_id;
    end if;
    return null;
end
$$;
create trigger prize_added after insert on incentives.prize
    for each row when (new.kind = 'GOODS') execute function incentives.bring_to_first_point();
create trigger prize_brought after update of imported on incentives.prize
    for each row when (new.kind = 'GOODS' and new.imported <> old.imported) execute function incentives.bring_to_first_point();

-- Where it was counted; empty: at the prize's first point.
alter table incentives.stock_take add column place_id uuid;
create function incentives.follow_count() returns trigger language plpgsql as
$$
begin
    -- a build that knows no points counts all shelves as one
    if new.place_id is null and exists (
        select from incentives.prize_point s join incentives.prize p on p.district_id = s.district_id and p.prize_id = s.prize_id
        where s.district_id = new.district_id and s.prize_id = new.prize_id and s.place_id <> p.pickup_place_id and s.supplied <> 0)
    then
        raise exception 'counted at no point of several' using errcode = 'check_violation', constraint = 'stock_not_negative';
    end if;
    update incentives.prize_point s set stock = s.stock + new.counted - new.expected, supplied = s.supplied + new.counted - new.expected
    from incentives.prize p
    where p.district_id = new.district_id and p.prize_id = new.prize_id
        and s.district_id = p.district_id and s.prize_id = p.prize_id and s.place_id = coalesce(new.place_id, p.pickup_place_id);
    return null;
end
$$;
create trigger stock_take_followed after insert on incentives.stock_take
    for each row execute function incentives.follow_count();

-- All photos in their order. The first is photo_media_id too; where that is another, it was put alone.
alter table incentives.prize add column photo_media_ids uuid[] not null default '{}';
create function incentives.photos_of(p incentives.prize) returns uuid[] language sql immutable as
$$ select case when p.photo_media_ids[1] is not distinct from p.photo_media_id then p.photo_media_ids else array_remove(array[p.photo_media_id], null) end $$;

-- A pick-up point as it is shown: a place of which nobody said more has its own name.
create function incentives.pickup_point_of(l incentives.place) returns jsonb language sql stable as
$$
    select jsonb_build_object('place_id', l.place_id, 'place_path', l.path, 'name', coalesce(o.name, l.name),
        'address', coalesce(o.address, ''), 'phone', coalesce(o.phone, ''), 'lat', o.lat, 'lng', o.lng,
        'opening', coalesce(o.opening, '{}'))
    from (values (true)) one
    left join incentives.pickup_point o on o.district_id = l.district_id and o.place_id = l.place_id
$$;
-- Where a prize is picked up with what is left there, the first point first; not where nothing was ever brought.
create function incentives.points_of(p incentives.prize) returns jsonb language sql stable as
$$
    select coalesce(jsonb_agg(incentives.pickup_point_of(l) || jsonb_build_object('stock', s.stock)
        order by l.place_id <> p.pickup_place_id, l.path), '[]')
    from incentives.prize_point s join incentives.place l on l.district_id = s.district_id and l.place_id = s.place_id
    where s.district_id = p.district_id and s.prize_id = p.prize_id and (s.supplied <> 0 or s.place_id = p.pickup_place_id)
$$;

-- Makes what was brought of a prize to a point so far this many pieces; answers how many more that are, nothing where there is no such
-- prize or place.
-- Fewer than were reserved or handed over breaks `stock_not_negative`.
create function incentives.supply_point(district uuid, prize uuid, place uuid, brought bigint) returns bigint language plpgsql as
$$
declare
    more bigint;
begin
    perform 1 from incentives.prize p where p.district_id = district and p.prize_id = prize and p.kind = 'GOODS' for update;
    if not found or not exists (select from incentives.place l where l.district_id = district and l.place_id = place) then
        return null;
    end if;
    insert into incentives.prize_point (district_id, prize_id, place_id, stock, supplied, imported)
    values (district, prize, place, 0, 0, 0) on conflict on constraint prize_point_key do nothing;
    select brought - s.imported into more from incentives.prize_point s
    where s.district_id = district and s.prize_id = prize and s.place_id = place;
    -- of the first point the figure is the prize's too, and moves the point's
    update incentives.prize p set stock = p.stock + more, supplied = p.supplied + more,
        imported = case p.pickup_place_id when place then brought else p.imported end
    where p.district_id = district and p.prize_id = prize and more <> 0;
    update incentives.prize_point s set stock = s.stock + more, supplied = s.supplied + more, imported = brought
    where s.district_id = district and s.prize_id = prize and s.place_id = place and s.imported <> brought;
    return more;
end
$$;

-- Moves stock and points of redemptions that have just reached their state, and tells the others. Locks in one order:
-- redemptions (the caller's statement), prizes, accounts. A member who wants more of a prize than the month allows breaks
-- `prize_limit`; prizes are locked by then, so nobody slips through beside. What is handed over without a hold takes points and
-- pieces now; whatever the month allows where it has been handed out, within the month where it is a voucher. What the prize has left and what its
-- pick-up point has left move together, under the lock of the prize.
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

    update incentives.prize_point s set stock = s.stock + r.returned, supplied = s.supplied - r.lost
    from (
        select r.district_id, r.prize_id, r.pickup_place_id,
            sum(case when r.state in ('RESERVED', 'HANDED_OVER') then -r.quantity when r.state = 'RETURNED' and not r.restocked then 0
                else r.quantity end) as returned,
            sum(case when r.state = 'RETURNED' and not r.restocked then r.quantity else 0 end) as lost
        from unnest(redemptions) r where r.kind = 'GOODS' and (r.state <> 'HANDED_OVER' or not r.held)
        group by r.district_id, r.prize_id, r.pickup_place_id
    ) r
    where s.district_id = r.district_id and s.prize_id = r.prize_id and s.place_id = r.pickup_place_id;

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
