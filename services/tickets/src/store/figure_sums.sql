-- The sums of a district over some months, at some places and of some departments, by one of their sides.
with summed as (
    select case $6::text when 'DEPARTMENT' then coalesce(nullif(f.department_id, '00000000-0000-0000-0000-000000000000')::text, '') when 'PLACE' then f.place_path when 'CATEGORY' then f.category_code
            when 'MONTH' then to_char(f.month, 'YYYY-MM') else '' end as key,
        u.at, sum(u.value)::bigint as value
    from tickets.figure f cross join lateral unnest(f.counters || f.recurrences) with ordinality u (value, at)
    where f.district_id = $1 and f.month between $2 and $3
        and ($4::text[] is null or exists (select from unnest($4::text[]) p where f.place_path = p or starts_with(f.place_path, p || '.')))
        and ($5::uuid[] is null or f.department_id = any ($5::uuid[]))
    group by 1, 2
)
select key as "key!", array_agg(value order by at) as "counters!" from summed group by key order by key limit 1000
