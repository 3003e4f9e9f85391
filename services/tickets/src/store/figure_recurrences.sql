-- Counts anew which of these tickets are recurrences, and which of those that came within 30 days after a closing that came or went:
-- within 30 metres, in the same category. A merged one is none.
with closing as (
    select * from unnest($3::boolean[], $4::uuid[], $5::text[], $6::double precision[], $7::double precision[], $8::timestamptz[])
        as c (came, district_id, category_code, gcj_lng, gcj_lat, closed_at)
), asked as (
    select district_id, ticket_id from unnest($1::uuid[], $2::uuid[]) as a (district_id, ticket_id)
    union
    select t.district_id, t.ticket_id from closing c cross join generate_series(-1, 1) beside join tickets.figure_ticket t
        on t.district_id = c.district_id and t.category_code = c.category_code and t.recurs = not c.came
        and tickets.band(t.gcj_lat) = tickets.band(c.gcj_lat) + beside
        and t.received_at > c.closed_at and t.received_at <= c.closed_at + interval '30 days'
        and tickets.metres(t.gcj_lng, t.gcj_lat, c.gcj_lng, c.gcj_lat) <= 30
), turned as materialized (
    -- the offset keeps the question to those that are asked for, where the planner takes the table for a small one
    select t.* from (select t.* from asked join tickets.figure_ticket t using (district_id, ticket_id) offset 0) t
    where t.recurs <> (t.counters[4] = 0 and exists (
        -- band by band, with a limit, so that each is looked up in the index whatever the planner knows of the table
        select from generate_series(-1, 1) beside cross join lateral (
            select from tickets.figure_ticket e
            where e.district_id = t.district_id and e.category_code = t.category_code
                and tickets.band(e.gcj_lat) = tickets.band(t.gcj_lat) + beside
                and e.closed_at >= t.received_at - interval '30 days' and e.closed_at < t.received_at
                and tickets.metres(e.gcj_lng, e.gcj_lat, t.gcj_lng, t.gcj_lat) <= 30
            limit 1) near))
), marked as (
    update tickets.figure_ticket t set recurs = not t.recurs from turned n
    where (t.district_id, t.ticket_id) = (n.district_id, n.ticket_id)
)
update tickets.figure f set recurrences = f.recurrences + d.many
from (
    select district_id, month, department_id, place_path, category_code, sum(case when recurs then -1 else 1 end) as many
    from turned group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
) d
where (f.district_id, f.month, f.department_id, f.place_path, f.category_code)
    = (d.district_id, d.month, d.department_id, d.place_path, d.category_code)
