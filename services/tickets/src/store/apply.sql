-- The transitions of a batch of tickets, each offered the rows of the state table that its act allows ($1 …: one element a row).
-- The tickets are locked in the order of their ids; the guards are judged on the locked rows, so no decision is made on a stale one.
-- Event, deadlines and outbox row come only from what `changed` returns. A ticket no row admits gives no row.
with locked as materialized (
    select t.* from unnest($1::uuid[], $2::uuid[]) as k (district_id, ticket_id)
    join tickets.ticket t on t.district_id = k.district_id and t.ticket_id = k.ticket_id
    order by t.district_id, t.ticket_id
    for update of t
), picked as materialized (
    select a.*
    from locked l
    join unnest(
        $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bool[], $10::text[], $11::uuid[], $12::uuid[],
        $13::uuid[], $14::uuid[], $15::int8[], $16::bool[], $17::text[], $18::text[], $19::bool[],
        $20::uuid[], $21::uuid[], $22::uuid[], $23::text[], $24::text[], $25::bool[], $26::text[],
        $27::uuid[], $28::text[], $29::text[], $30::timestamptz[], $31::bytea[], $32::text[]
    ) as a (
        -- the row of the state table, and what it asks of the ticket
        district_id, ticket_id, transition, from_state, to_state, needs_reason, needs_reopened, scopes, needs_department, needs_reporter,
        needs_claimer, needs_handler, needs_version, has_photo,
        -- what it does
        cancels, arms, rework, claimed_by, department_id, handler_id, resolution_text, resolution_media, satisfied, reason,
        -- what is told of it
        actor_id, actor_role, text, at, body_hash, traceparent)
        on a.district_id = l.district_id and a.ticket_id = l.ticket_id
    where l.state = a.from_state
        and (a.needs_reason is null or l.coordination_reason = a.needs_reason)
        and (a.needs_reopened is null or (l.reopen_count > 0) = a.needs_reopened)
        and (a.scopes is null or exists (
            select from string_to_table(a.scopes, '|') as s (path) where l.place_path = s.path or starts_with(l.place_path, s.path || '.')))
        and (a.needs_department is null or l.department_id = a.needs_department)
        and (a.needs_reporter is null or l.reporter_id = a.needs_reporter)
        and (a.needs_claimer is null or l.claimed_by = a.needs_claimer)
        and (a.needs_handler is null or l.handler_id = a.needs_handler)
        and (a.needs_version is null or l.version = a.needs_version)
        and (a.has_photo or not l.after_photo)
        and (a.department_id is null or exists (
            select from tickets.department d where d.district_id = a.district_id and d.department_id = a.department_id))
), changed as (
    update tickets.ticket t set
        version = t.version + 1,
        state = p.to_state,
        claimed_by = coalesce(p.claimed_by, t.claimed_by),
        claimed_at = case when p.claimed_by is null then t.claimed_at else p.at end,
        claimed_late = case when p.claimed_by is null then t.claimed_late else p.needs_reason is not null or p.at > t.claim_by end,
        department_id = coalesce(p.department_id, t.department_id),
        dispatched_at = case when p.department_id is null then t.dispatched_at else p.at end,
        resolve_by = case
            when p.rework then greatest(t.resolve_by, p.at + make_interval(hours => $33))
            when p.department_id is null then t.resolve_by
            else coalesce(t.resolve_by, p.at + make_interval(hours => t.resolve_hours)) end,
        handler_id = coalesce(p.handler_id, t.handler_id),
        accepted_at = case when p.handler_id is null then t.accepted_at else p.at end,
        resolved_at = case p.to_state when 'FEEDBACK' then p.at when 'CLOSED' then t.resolved_at end,
        resolution_text = coalesce(p.resolution_text, t.resolution_text),
        resolution_media = coalesce(string_to_array(nullif(p.resolution_media, ''), ',')::uuid[],
            case when p.resolution_media is null then t.resolution_media else '{}' end),
        satisfied = case when p.to_state = 'FEEDBACK' then null else coalesce(p.satisfied, t.satisfied) end,
        closed_at = case p.to_state when 'CLOSED' then p.at end,
        coordination_reason = p.reason,
        reopen_count = t.reopen_count + p.rework::int,
        last_transition = p.transition,
        last_actor = p.actor_id,
        last_hash = p.body_hash
    from picked p
    where t.district_id = p.district_id and t.ticket_id = p.ticket_id
    returning t.*, p.transition, p.from_state, p.cancels, p.arms, p.rework, p.claimed_by as new_claimer, p.department_id as new_department,
        p.handler_id as new_handler, p.resolution_media as new_media, p.satisfied as new_satisfied,
        p.actor_id, p.actor_role, p.text as told_text, p.at, p.traceparent
), told as (
    insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_id, actor_role, timer, text, facts)
    select district_id, ticket_id, version, transition, from_state, state, at, actor_id, actor_role, '', told_text,
        jsonb_strip_nulls(jsonb_build_object(
            'claimed_by', new_claimer, 'claimed_late', case when new_claimer is not null then claimed_late end,
            'department_id', new_department, 'handler_id', new_handler,
            'resolve_by', case when rework or new_department is not null then resolve_by end,
            'resolution_media', case when new_media is not null then to_jsonb(resolution_media) end,
            'satisfied', new_satisfied, 'reopen_count', case when rework then reopen_count end,
            'coordination_reason', nullif(coordination_reason, '')))
    from changed
), cancelled as (
    delete from tickets.timer m using changed c
    where m.district_id = c.district_id and m.ticket_id = c.ticket_id and m.kind = any(string_to_array(c.cancels, '|'))
), armed as (
    insert into tickets.timer (district_id, ticket_id, kind, due_at, base_at)
    select district_id, ticket_id, kind, resolve_by, resolve_by from changed cross join lateral string_to_table(arms, '|') as kind
    on conflict on constraint timer_key do update set due_at = excluded.due_at, base_at = excluded.base_at, fired = 0
), published as (
    insert into tickets.outbox (district_id, subject_id, type, payload, traceparent, at)
    select district_id, ticket_id, 'hemei.tickets.v1.TicketChanged',
        jsonb_build_object(
            'ticket_id', ticket_id, 'number', number, 'sequence', version, 'transition', transition,
            'from_state', from_state, 'to_state', state, 'reporter_id', reporter_id, 'reporter_role', reporter_role,
            'category_code', category_code, 'place_path', place_path, 'department_id', department_id,
            'actor_id', actor_id, 'at', at, 'claim_by', claim_by, 'resolve_by', resolve_by),
        traceparent, at
    from changed
)
select t.district_id, t.ticket_id, t.serial, t.number_prefix, t.number, t.version, t.state, t.level, t.priority, t.category_code, t.text,
    t.place_id, t.place_path, t.lng, t.lat, t.crs, t.accuracy_m, t.gcj_lng, t.gcj_lat, t.reporter_id, t.reporter_role, t.report_media,
    t.captured_at, t.received_at, t.claim_by, t.promised_by, t.resolve_hours, t.after_photo, t.claimed_by, t.claimed_at, t.claimed_late,
    t.department_id, t.dispatched_at, t.resolve_by, t.handler_id, t.accepted_at, t.resolved_at, t.resolution_text, t.resolution_media,
    t.satisfied, t.closed_at, t.escalation_step, t.reopen_count, t.coordination_reason, t.request_hash,
    t.last_transition, t.last_actor, t.last_hash,
    (select p.name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_name?",
    (select p.full_name from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_full_name?",
    (select p.level from tickets.place p where p.district_id = t.district_id and p.place_id = t.place_id) as "place_level?",
    (select d.name from tickets.department d where d.district_id = t.district_id and d.department_id = t.department_id) as "department_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.reporter_id) as "reporter_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.claimed_by) as "claimer_name?",
    (select p.name from tickets.person p where p.district_id = t.district_id and p.person_id = t.handler_id) as "handler_name?"
from changed t
