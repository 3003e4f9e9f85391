-- Several tickets at once, for those who decide on them.
select t.*,
    (select p.name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_name?",
    (select p.full_name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_full_name?",
    (select p.level from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_level?",
    (select d.name from tickets.department d where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.claimed_by) as "claimer_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.handler_id) as "handler_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.checker_id) as "checker_name?",
    (select count(*) from tickets.strike s where s.district_id = t.district_id and s.person_id = t.reporter_id and s.lifted_at is null
        and s.ticket_id <> t.ticket_id and s.at > t.received_at - interval '12 months') as "reporter_strikes?"
from unnest($1::uuid[], $2::uuid[]) as k (district_id, ticket_id)
join tickets.ticket t on t.district_id = k.district_id and t.ticket_id = k.ticket_id
