-- A page of what lies at some places or was dispatched to some departments, newest first. The bounds $3 and $4 enclose all of it.
select t.*,
    place.name as "place_name?", place.full_name as "place_full_name?", place.level as "place_level?",
    department.name as "department_name?",
    reporter.name as "reporter_name?", claimer.name as "claimer_name?", handler.name as "handler_name?"
from tickets.ticket t
left join tickets.place on (place.district_id, place.place_id) = (t.district_id, t.place_id)
left join tickets.department on (department.district_id, department.department_id) = (t.district_id, t.department_id)
left join tickets.person reporter on (reporter.district_id, reporter.person_id) = (t.district_id, t.reporter_id)
left join tickets.person claimer on (claimer.district_id, claimer.person_id) = (t.district_id, t.claimed_by)
left join tickets.person handler on (handler.district_id, handler.person_id) = (t.district_id, t.handler_id)
where t.district_id = $1
    and t.place_path >= $3::text and t.place_path < $4::text
    and (exists (select from unnest($2::text[]) as s (path) where t.place_path = s.path or starts_with(t.place_path, s.path || '.'))
        or t.department_id = any($5::uuid[]))
    and ($6::text is null or t.state = $6)
    and (t.received_at, t.ticket_id) < ($7::timestamptz, $8::uuid)
order by t.received_at desc, t.ticket_id desc
limit $9
