-- Counts tickets as they are now in the place of what they counted before; sums that do not change are left alone.
with asked as (
    select distinct district_id, ticket_id from unnest($1::uuid[], $2::uuid[]) as a (district_id, ticket_id)
), now as materialized (
    select f.* from asked join tickets.ticket t using (district_id, ticket_id) cross join lateral tickets.figure_of(t) f
), before as materialized (
    select f.* from asked join tickets.figure_ticket f using (district_id, ticket_id)
), changed as materialized (
    select n.* from now n left join before b using (district_id, ticket_id)
    where b.ticket_id is null or (b.month, b.department_id, b.place_path, b.category_code, b.counters)
        is distinct from (n.month, n.department_id, n.place_path, n.category_code, n.counters)
), steps as (
    select c.district_id, c.month, c.department_id, c.place_path, c.category_code, u.at, u.value
    from changed c cross join lateral unnest(c.counters) with ordinality u (value, at)
    union all
    select b.district_id, b.month, b.department_id, b.place_path, b.category_code, u.at, -u.value
    from before b join changed c using (district_id, ticket_id) cross join lateral unnest(b.counters) with ordinality u (value, at)
), sums as (
    select district_id, month, department_id, place_path, category_code, at, sum(value)::bigint as value
    from steps group by 1, 2, 3, 4, 5, 6
), deltas as (
    select district_id, month, department_id, place_path, category_code, array_agg(value order by at) as counters
    from sums group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
), summed as (
    insert into tickets.figure as f (district_id, month, department_id, place_path, category_code, counters)
    select * from deltas
    on conflict on constraint figure_key do update set counters = array(
        select a.value + b.value from unnest(f.counters) with ordinality a (value, at)
        join unnest(excluded.counters) with ordinality b (value, at) using (at) order by at)
)
insert into tickets.figure_ticket as k (district_id, ticket_id, month, department_id, place_path, category_code, counters)
select * from changed
on conflict on constraint figure_ticket_key do update set month = excluded.month, department_id = excluded.department_id,
    place_path = excluded.place_path, category_code = excluded.category_code, counters = excluded.counters
