-- Counts tickets as they are now in the place of what they counted before; sums that do not change are left alone. Whether a ticket
-- is a recurrence moves with it and is asked anew by the next statement where that may have changed: of the tickets that are new,
-- classified or merged (no came), and of those around the closings that came or went with it.
with asked as (
    select distinct district_id, ticket_id from unnest($1::uuid[], $2::uuid[]) as a (district_id, ticket_id)
), now as materialized (
    select f.*, t.received_at, t.closed_at, t.gcj_lng, t.gcj_lat
    from asked join tickets.ticket t using (district_id, ticket_id) cross join lateral tickets.figure_of(t) f
), before as materialized (
    select f.* from asked join tickets.figure_ticket f using (district_id, ticket_id)
), changed as materialized (
    select n.*, coalesce(b.recurs, false) as recurs,
        b.ticket_id is null or (b.category_code, b.counters[4], b.received_at)
            is distinct from (n.category_code, n.counters[4], n.received_at) as anew
    from now n left join before b using (district_id, ticket_id)
    where b.ticket_id is null
        or (b.month, b.department_id, b.place_path, b.category_code, b.counters, b.received_at, b.closed_at)
            is distinct from (n.month, n.department_id, n.place_path, n.category_code, n.counters, n.received_at, n.closed_at)
), steps as (
    select c.district_id, c.month, c.department_id, c.place_path, c.category_code, u.at, u.value
    from changed c cross join lateral unnest(c.counters || c.recurs::int::bigint) with ordinality u (value, at)
    union all
    select b.district_id, b.month, b.department_id, b.place_path, b.category_code, u.at, -u.value
    from before b join changed c using (district_id, ticket_id)
    cross join lateral unnest(b.counters || b.recurs::int::bigint) with ordinality u (value, at)
), sums as (
    select district_id, month, department_id, place_path, category_code, at, sum(value)::bigint as value
    from steps group by 1, 2, 3, 4, 5, 6
), deltas as (
    select district_id, month, department_id, place_path, category_code, array_agg(value order by at) as counters
    from sums group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
), summed as (
    insert into tickets.figure as f (district_id, month, department_id, place_path, category_code, counters, recurrences)
    select district_id, month, department_id, place_path, category_code, trim_array(counters, 1), counters[cardinality(counters)]
    from deltas
    on conflict on constraint figure_key do update set recurrences = f.recurrences + excluded.recurrences, counters = array(
        select a.value + b.value from unnest(f.counters) with ordinality a (value, at)
        join unnest(excluded.counters) with ordinality b (value, at) using (at) order by at)
), kept as (
    insert into tickets.figure_ticket as k (district_id, ticket_id, month, department_id, place_path, category_code, counters,
        received_at, closed_at, gcj_lng, gcj_lat, recurs)
    select district_id, ticket_id, month, department_id, place_path, category_code, counters, received_at, closed_at, gcj_lng, gcj_lat,
        recurs from changed
    on conflict on constraint figure_ticket_key do update set month = excluded.month, department_id = excluded.department_id,
        place_path = excluded.place_path, category_code = excluded.category_code, counters = excluded.counters,
        received_at = excluded.received_at, closed_at = excluded.closed_at, gcj_lng = excluded.gcj_lng, gcj_lat = excluded.gcj_lat
), closings as (
    select true as came, district_id, ticket_id, category_code, gcj_lng, gcj_lat, closed_at from now where closed_at is not null
    union all
    select false, district_id, ticket_id, category_code, gcj_lng, gcj_lat, closed_at from before where closed_at is not null
)
select min(came::int) = 1 as "came?", district_id as "district_id!", ticket_id as "ticket_id!", category_code as "category_code!",
    gcj_lng, gcj_lat, closed_at
from closings where gcj_lat is not null
group by district_id, ticket_id, category_code, gcj_lng, gcj_lat, closed_at having count(*) = 1
union all
select null, district_id, ticket_id, category_code, gcj_lng, gcj_lat, closed_at from changed where anew
