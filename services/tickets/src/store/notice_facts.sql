-- What the words about tickets name.
select t.district_id, t.ticket_id, t.claim_by, t.promised_by, t.resolve_by, t.escalation_step, t.reporter_id,
    array(select (r->>'person_id')::uuid from jsonb_array_elements(t.co_reports) r
        where (r->>'person_id')::uuid <> t.reporter_id and not coalesce((r->>'promoted')::bool, false) order by 1) as "co_reporter_ids!",
    (select p.name from tickets.place p where p.district_id = t.district_id and p.level = 2
        and p.path = tickets.place_above(t.place_path, 2) limit 1) as "subdistrict_name?",
    (select p.name from tickets.place p where p.district_id = t.district_id and p.level = 3
        and p.path = tickets.place_above(t.place_path, 3) limit 1) as "community_name?",
    (select d.name from tickets.department d
        where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
    array(select d.name from tickets.department d
        where d.district_id = t.district_id and d.department_id = any (t.assisting) order by d.name) as "assisting_names!",
    array(select d.department_id from jsonb_array_elements(t.invited) i join tickets.department d
        on d.district_id = t.district_id and d.department_id = (i->>'department_id')::uuid order by d.name) as "invited_ids!",
    array(select d.name from jsonb_array_elements(t.invited) i join tickets.department d
        on d.district_id = t.district_id and d.department_id = (i->>'department_id')::uuid order by d.name) as "invited_names!",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.checker_id) as "checker_name?",
    array(select p.name from jsonb_array_elements(t.co_reports) r
        join tickets.person p on p.district_id = t.district_id and p.person_id = (r->>'person_id')::uuid
        where p.person_id <> t.reporter_id and not coalesce((r->>'promoted')::bool, false) order by p.person_id) as "co_reporter_names!"
from (select distinct * from unnest($1::uuid[], $2::uuid[]) as named (district_id, ticket_id)) asked
join tickets.ticket t on t.district_id = asked.district_id and t.ticket_id = asked.ticket_id
