-- Open tickets near a point, or at a place where one of the two has no coordinate; with those that show the same picture marked.
-- Where a crowd reports at one spot, some hundreds of them are enough to be shown the likeliest.
with nearby as (
    (select t.* from tickets.ticket t
    where t.district_id = $1 and t.due_at is not null and floor(t.gcj_lat * 1000)::integer = any ($2::integer[])
        and t.gcj_lng between $3 and $4 and t.received_at >= $6 limit 300)
    union all
    (select t.* from tickets.ticket t
    where $7 and t.district_id = $1 and t.place_path = $5 and t.received_at >= $6 and t.due_at is not null
    order by t.received_at desc limit 100)
    union all
    (select t.* from tickets.ticket t
    where not $7 and t.district_id = $1 and t.place_path = $5 and t.received_at >= $6 and t.due_at is not null and t.gcj_lat is null
    order by t.received_at desc limit 100)
)
select n.ticket_id as "ticket_id!", n.number as "number!", n.state as "state!", n.category_code as "category_code!",
    n.place_path as "place_path!", n.gcj_lng, n.gcj_lat, n.received_at as "received_at!",
    jsonb_array_length(n.co_reports) as "co_reports!",
    (select p.name from tickets.place p where p.district_id = $1 and p.place_id = n.place_id) as "place_name?",
    exists (
        select from tickets.photo theirs join tickets.photo ours on ours.district_id = $1 and ours.media_id = any ($9::uuid[])
        where theirs.district_id = $1 and theirs.media_id = any (n.report_media)
            -- the same bytes, or at most 8 of 64 comparisons differ
            and (theirs.sha256 = ours.sha256 or bit_count((theirs.look # ours.look)::bit(64)) <= 8)
    ) as "same_photo!"
from nearby n
where n.ticket_id <> $8
order by n.received_at desc limit $10
