-- T1 for a batch: row, event, deadline and outbox row in one statement. An id that exists already gives no row.
with made as (
    insert into tickets.ticket (
        district_id, ticket_id, number_prefix, version, state, level, priority, category_code, text, place_id, place_path,
        lng, lat, crs, accuracy_m, gcj_lng, gcj_lat, reporter_id, reporter_role, report_media,
        captured_at, received_at, claim_by, promised_by, resolve_hours, after_photo, request_hash,
        last_transition, last_actor, last_hash)
    select a.district_id, a.ticket_id, a.number_prefix, 1, a.state, a.level, a.priority, a.category_code, a.text, a.place_id, a.place_path,
        a.lng, a.lat, a.crs, a.accuracy_m, a.gcj_lng, a.gcj_lat, a.reporter_id, a.reporter_role,
        coalesce(string_to_array(nullif(a.media, ''), ',')::uuid[], '{}'),
        a.captured_at, a.received_at, a.claim_by, a.promised_by, a.resolve_hours, a.after_photo, a.request_hash,
        'T1', a.reporter_id, a.request_hash
    from unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::text[], $8::text[], $9::uuid[], $10::text[],
        $11::float8[], $12::float8[], $13::text[], $14::float8[], $15::float8[], $16::float8[], $17::uuid[], $18::text[], $19::text[],
        $20::timestamptz[], $21::timestamptz[], $22::timestamptz[], $23::timestamptz[], $24::int4[], $25::bool[], $26::bytea[]
    ) as a (
        district_id, ticket_id, number_prefix, state, level, priority, category_code, text, place_id, place_path,
        lng, lat, crs, accuracy_m, gcj_lng, gcj_lat, reporter_id, reporter_role, media,
        captured_at, received_at, claim_by, promised_by, resolve_hours, after_photo, request_hash)
    on conflict on constraint ticket_key do nothing
    returning *
), told as (
    insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_id, actor_role, timer, text, facts)
    select district_id, ticket_id, version, 'T1', '', state, received_at, reporter_id, reporter_role, '', '',
        jsonb_build_object('category_code', category_code, 'place_path', place_path, 'claim_by', claim_by, 'promised_by', promised_by)
    from made
), armed as (
    insert into tickets.timer (district_id, ticket_id, kind, due_at, base_at)
    select district_id, ticket_id, 'CLAIM', claim_by, claim_by from made
), published as (
    insert into tickets.outbox (district_id, subject_id, type, payload, traceparent, at)
    select m.district_id, m.ticket_id, 'hemei.tickets.v1.TicketChanged',
        jsonb_build_object(
            'ticket_id', m.ticket_id, 'number', m.number, 'sequence', m.version, 'transition', 'T1', 'to_state', m.state,
            'reporter_id', m.reporter_id, 'reporter_role', m.reporter_role, 'category_code', m.category_code,
            'place_path', m.place_path, 'actor_id', m.reporter_id, 'at', m.received_at, 'claim_by', m.claim_by),
        trace.traceparent, m.received_at
    from made m
    join unnest($2::uuid[], $27::text[]) as trace (ticket_id, traceparent) on trace.ticket_id = m.ticket_id
)
select t.*,
    (select p.name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_name?",
    (select p.full_name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_full_name?",
    (select p.level from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_level?",
    (select d.name from tickets.department d where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.claimed_by) as "claimer_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.handler_id) as "handler_name?"
from made t
