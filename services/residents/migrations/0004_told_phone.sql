-- Liaisons are mentioned in the groups of their streets while they are on duty: the tickets service is told their phones, sealed as here.
create function residents.told_phone(role text, person uuid) returns text language sql stable as
$$
select translate(encode(p.phone_sealed, 'base64'), E'\n', '') from residents.person p where p.person_id = person and role = 'liaison'
$$;

-- Those who have a post already.
insert into residents.outbox (district_id, subject_id, type, payload, traceparent, at)
select p.district_id, p.post_id, 'hemei.residents.v1.PostChanged', jsonb_build_object(
    'post_id', p.post_id, 'person_id', p.person_id, 'role', p.role, 'place_path', l.path, 'department_id', p.department_id,
    'from_date', p.from_date, 'until_date', p.until_date, 'phone_sealed', residents.told_phone(p.role, p.person_id)), '', now()
from residents.post p join residents.place l on l.district_id = p.district_id and l.place_id = p.place_id
where p.role = 'liaison' and p.ended_at is null;
