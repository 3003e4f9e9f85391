-- Decided changes, a batch at a time: each row must still have the version it was decided on, else it gives no row.
-- The facts are the new values; the same facts go into the event, so the history replays to the row. Locks in the order of ids.
with locked as materialized (
    select t as before, w.*
    from unnest(
        $1::uuid[], $2::uuid[], $3::int8[], $4::jsonb[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::uuid[], $10::text[],
        $11::text[], $12::text[], $13::bytea[], $14::bool[], $15::jsonb[], $16::text[]
    ) as w (
        district_id, ticket_id, version, facts, transition, from_state, to_state, at, actor_id, actor_role,
        timer, text, body_hash, moves, told, traceparent)
    join tickets.ticket t on t.district_id = w.district_id and t.ticket_id = w.ticket_id and t.version = w.version
    order by w.district_id, w.ticket_id
    for update of t
), held as materialized (
    -- what belongs together changes together or not at all
    select * from locked where $17::int8 = 0 or (select count(*) from locked) = $17::int8
), changed as (
    update tickets.ticket t set
        version = t.version + 1,
        last_transition = case when h.moves then h.transition else t.last_transition end,
        last_actor = case when h.moves then h.actor_id else t.last_actor end,
        last_hash = case when h.moves then h.body_hash else t.last_hash end,
        state = r.state,
        level = r.level,
        priority = r.priority,
        category_code = r.category_code,
        reporter_id = r.reporter_id,
        reporter_role = r.reporter_role,
        report_media = r.report_media,
        clock = r.clock,
        resolve_minutes = r.resolve_minutes,
        after_photo = r.after_photo,
        held_by = r.held_by,
        timers = r.timers,
        due_at = r.due_at,
        entered_at = r.entered_at,
        claimed_by = r.claimed_by,
        claimed_at = r.claimed_at,
        claimed_late = r.claimed_late,
        dispatch_misses = r.dispatch_misses,
        department_id = r.department_id,
        dispatched_at = r.dispatched_at,
        resolve_by = r.resolve_by,
        legs = r.legs,
        assisting = r.assisting,
        invited = r.invited,
        refusals = r.refusals,
        binding = r.binding,
        extended = r.extended,
        mediated = r.mediated,
        handler_id = r.handler_id,
        accepted_at = r.accepted_at,
        deemed_accepted = r.deemed_accepted,
        resolved_at = r.resolved_at,
        resolved_distance_m = r.resolved_distance_m,
        resolution_text = r.resolution_text,
        resolution_media = r.resolution_media,
        checker_id = r.checker_id,
        check_round = r.check_round,
        check_passed = r.check_passed,
        checked_at = r.checked_at,
        satisfied = r.satisfied,
        solved = r.solved,
        closed_at = r.closed_at,
        outcome = r.outcome,
        solved_level = r.solved_level,
        escalation_step = r.escalation_step,
        reopen_count = r.reopen_count,
        returned_count = r.returned_count,
        recurred = r.recurred,
        coordination_reason = r.coordination_reason,
        coordinated_at = r.coordinated_at,
        pause = r.pause,
        pause_request = r.pause_request,
        review_at = r.review_at,
        nofix_reason = r.nofix_reason,
        council_resolution = r.council_resolution,
        invalid_proposal = r.invalid_proposal,
        invalid_reason = r.invalid_reason,
        malicious = r.malicious,
        invalid_at = r.invalid_at,
        appealed = r.appealed,
        parent_ticket_id = r.parent_ticket_id,
        co_reports = r.co_reports,
        said = r.said
    from held h cross join lateral jsonb_populate_record(h.before, h.facts) r
    where t.district_id = h.district_id and t.ticket_id = h.ticket_id
    returning t.district_id, t.ticket_id, t.received_at, t.department_id, t.reporter_id, t.claimed_by, t.handler_id, t.checker_id
), recorded as (
    insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_id, actor_role, timer, text, facts)
    select h.district_id, h.ticket_id, h.version + 1, h.transition, h.from_state, h.to_state, h.at, h.actor_id, h.actor_role, h.timer, h.text, h.facts
    from held h
), published as (
    insert into tickets.outbox (district_id, subject_id, type, payload, traceparent, at)
    select h.district_id, h.ticket_id, 'hemei.tickets.v1.TicketChanged', h.told, h.traceparent, h.at from held h
)
select t.district_id, t.ticket_id,
    (select d.name from tickets.department d where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.claimed_by) as "claimer_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.handler_id) as "handler_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.checker_id) as "checker_name?",
    (select count(*) from tickets.strike s where s.district_id = t.district_id and s.person_id = t.reporter_id and s.lifted_at is null
        and s.ticket_id <> t.ticket_id and s.at > t.received_at - interval '12 months') as "reporter_strikes?"
from changed t
