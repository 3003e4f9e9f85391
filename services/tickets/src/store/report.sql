-- T1 for a batch: row, event and outbox row in one statement; the deadline is in the row. An id that exists already gives no row.
with wished as materialized (
    select * from unnest($1::uuid[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::bytea[], $6::text[])
        as w (ticket_id, ticket, facts, told, request_hash, traceparent)
), made as (
    insert into tickets.ticket (
        district_id, ticket_id, number_prefix, state, level, priority, category_code, text, place_id, place_path, lng, lat, crs,
        accuracy_m, gcj_lng, gcj_lat, reporter_id, reporter_role, report_media, captured_at, received_at, claim_by, promised_by, clock,
        resolve_minutes, after_photo, anonymous, held_by, timers, due_at, entered_at, claimed_by, claimed_at, claimed_late,
        dispatch_misses, department_id, dispatched_at, resolve_by, legs, assisting, invited, refusals, binding, extended, mediated, handler_id,
        accepted_at, deemed_accepted, resolved_at, resolved_distance_m, resolution_text, resolution_media, checker_id, check_round, check_passed,
        checked_at, satisfied, solved, closed_at, outcome, solved_level, escalation_step, reopen_count, returned_count, recurred,
        coordination_reason, coordinated_at, pause, pause_request, review_at, nofix_reason, council_resolution, invalid_proposal, invalid_reason, malicious,
        invalid_at, appealed, parent_ticket_id, co_reports, said,
        version, request_hash, last_transition, last_actor, last_hash)
    select r.district_id, r.ticket_id, r.number_prefix, r.state, r.level, r.priority, r.category_code, r.text, r.place_id, r.place_path,
        r.lng, r.lat, r.crs, r.accuracy_m, r.gcj_lng, r.gcj_lat, r.reporter_id, r.reporter_role, r.report_media, r.captured_at,
        r.received_at, r.claim_by, r.promised_by, r.clock, r.resolve_minutes, r.after_photo, r.anonymous, r.held_by, r.timers, r.due_at,
        r.entered_at, r.claimed_by, r.claimed_at, r.claimed_late, r.dispatch_misses, r.department_id, r.dispatched_at, r.resolve_by,
        r.legs, r.assisting, r.invited, r.refusals, r.binding, r.extended, r.mediated, r.handler_id, r.accepted_at, r.deemed_accepted,
        r.resolved_at, r.resolved_distance_m, r.resolution_text, r.resolution_media, r.checker_id, r.check_round, r.check_passed, r.checked_at,
        r.satisfied, r.solved, r.closed_at, r.outcome, r.solved_level, r.escalation_step, r.reopen_count, r.returned_count, r.recurred,
        r.coordination_reason, r.coordinated_at, r.pause, r.pause_request, r.review_at, r.nofix_reason, r.council_resolution, r.invalid_proposal,
        r.invalid_reason, r.malicious, r.invalid_at, r.appealed, r.parent_ticket_id, r.co_reports, r.said,
        1, w.request_hash, 'T1', r.reporter_id, w.request_hash
    from wished w cross join lateral jsonb_populate_record(null::tickets.ticket, w.ticket) r
    on conflict on constraint ticket_key do nothing
    returning *
), recorded as (
    insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_id, actor_role, timer, text, facts)
    select m.district_id, m.ticket_id, m.version, 'T1', '', m.state, m.received_at, m.reporter_id, m.reporter_role, '', '', w.facts
    from made m join wished w using (ticket_id)
), published as (
    insert into tickets.outbox (district_id, subject_id, type, payload, traceparent, at)
    select m.district_id, m.ticket_id, 'hemei.tickets.v1.TicketChanged', w.told || jsonb_build_object('number', m.number), w.traceparent, m.received_at
    from made m join wished w using (ticket_id)
)
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
from made t
