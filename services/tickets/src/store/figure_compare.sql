-- The sums as every ticket's history gives them, where they are not the kept ones. Of a history each fact's last word counts.
with history as (
    select e.district_id, e.ticket_id, min(e.at) filter (where e.sequence = 1) as received_at,
        jsonb_object_agg(fact.key, fact.value order by e.sequence) as facts
    from tickets.event e cross join lateral jsonb_each(e.facts) fact
    group by e.district_id, e.ticket_id
), counted as materialized (
    select f.*, h.received_at, t.closed_at, r.gcj_lng, r.gcj_lat, tickets.band(r.gcj_lat) as band from history h
    -- where and how it was reported never changes and is told nowhere else
    join tickets.ticket r using (district_id, ticket_id)
    cross join lateral jsonb_populate_record(null::tickets.ticket, h.facts || jsonb_build_object(
        'district_id', h.district_id, 'ticket_id', h.ticket_id, 'received_at', h.received_at, 'place_path', r.place_path)) t
    cross join lateral tickets.figure_of(t) f
), closed as (
    -- of a spot the times are enough in which a report comes again, however often it was closed there
    select district_id, category_code, gcj_lng, gcj_lat, band,
        range_agg(tstzrange(closed_at, closed_at + interval '30 days', '(]')) as again
    from counted where closed_at is not null and band is not null group by 1, 2, 3, 4, 5
), recurring as (
    select c.district_id, c.ticket_id from counted c
    where c.counters[4] = 0 and exists (
        select from closed e cross join (values (-1), (0), (1)) as near (step)
        where e.district_id = c.district_id and e.category_code = c.category_code and e.band + near.step = c.band
            and e.again @> c.received_at and tickets.metres(e.gcj_lng, e.gcj_lat, c.gcj_lng, c.gcj_lat) <= 30)
), summed as (
    select c.district_id, c.month, c.department_id, c.place_path, c.category_code, u.at, sum(u.value)::bigint as value
    from counted c left join recurring r using (district_id, ticket_id)
    cross join lateral unnest(c.counters || (r.ticket_id is not null)::int::bigint) with ordinality u (value, at)
    group by 1, 2, 3, 4, 5, 6
), told as (
    select district_id, month, department_id, place_path, category_code, array_agg(value order by at) as counters
    from summed group by 1, 2, 3, 4, 5
), kept as (
    select district_id, month, department_id, place_path, category_code, counters || recurrences as counters from tickets.figure
)
select district_id as "district_id!", month as "month!", department_id as "department_id!", place_path as "place_path!",
    category_code as "category_code!", told.counters as "told?", kept.counters as "kept?"
from told full join kept using (district_id, month, department_id, place_path, category_code)
where told.counters is distinct from kept.counters
    -- what has moved elsewhere leaves a row of zeros behind
    and not (told.counters is null and 0 = all (kept.counters))
order by 1, 2, 3, 4, 5
