-- Reports of some months that came within 30 days after an earlier one of the same category, within 30 metres, had been closed.
-- 0.0004 degrees are 44 m of latitude: who stands in the same band or the next is then measured.
with reported as materialized (
    select t.ticket_id, t.state, t.category_code, t.place_path, t.department_id, t.received_at, t.closed_at, t.gcj_lng, t.gcj_lat,
        floor(t.gcj_lat / 0.0004)::integer as band
    from tickets.ticket t
    where t.district_id = $1 and t.gcj_lat is not null
        and t.received_at >= $2::date::timestamp at time zone 'Asia/Shanghai' - interval '31 days'
        and t.received_at < ($3::date + interval '1 month') at time zone 'Asia/Shanghai'
        and ($4::text[] is null or exists (select from unnest($4::text[]) p where t.place_path = p or starts_with(t.place_path, p || '.')))
), closed as (
    select r.*, r.band + next.step as near_band from reported r cross join (values (-1), (0), (1)) as next (step) where r.closed_at is not null
)
select case $6::text when 'DEPARTMENT' then coalesce(t.department_id, '00000000-0000-0000-0000-000000000000')::text
        when 'PLACE' then array_to_string((string_to_array(t.place_path, '.'))[1:3], '.') when 'CATEGORY' then t.category_code
        when 'MONTH' then to_char(t.received_at at time zone 'Asia/Shanghai', 'YYYY-MM') else '' end as "key!",
    count(*) as "many!"
from reported t
where t.received_at >= $2::date::timestamp at time zone 'Asia/Shanghai' and t.state <> 'MERGED'
    and ($5::uuid[] is null or t.department_id = any ($5::uuid[]))
    and exists (
        select from closed e
        where e.category_code = t.category_code and e.near_band = t.band and e.ticket_id <> t.ticket_id
            and e.closed_at between t.received_at - interval '30 days' and t.received_at
            and sqrt(pow((e.gcj_lat - t.gcj_lat) * 111320, 2)
                + pow((e.gcj_lng - t.gcj_lng) * 111320 * cos(radians(t.gcj_lat)), 2)) <= 30)
group by 1
