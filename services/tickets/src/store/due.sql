-- The tickets with a deadline that has come, longest due first. What another replica works on is skipped; the locks end with
-- the transaction of the sweep.
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
where t.due_at <= $1
order by t.due_at
limit $2
for update of t skip locked
