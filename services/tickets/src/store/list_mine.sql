-- A page of what one person reported, newest first.
select t.*,
    (select p.name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_name?",
    (select p.full_name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_full_name?",
    (select p.level from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_level?",
    (select d.name from tickets.department d where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.claimed_by) as "claimer_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.handler_id) as "handler_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.checker_id) as "checker_name?",
    null::int8 as "reporter_strikes?"
from tickets.ticket t
where t.district_id = $1 and t.reporter_id = $2
    and ($3::text is null or t.state = $3)
    and (t.received_at, t.ticket_id) < ($4::timestamptz, $5::uuid)
order by t.received_at desc, t.ticket_id desc
limit $6
