-- T15 for the tickets overdue longest: the step is counted and told, the deadline set to the next step, in one statement.
-- Both locks are judged again after they are had, so a step another replica has just taken is not taken twice.
with due as materialized (
    select m.district_id, m.ticket_id, m.due_at, m.fired
    from tickets.timer m
    join tickets.ticket t on t.district_id = m.district_id and t.ticket_id = m.ticket_id
    where m.kind = 'RESOLVE' and m.due_at <= $1 and t.state = any($2::text[])
    order by m.due_at
    limit $3
    for update of t, m skip locked
), changed as (
    update tickets.ticket t set version = t.version + 1, escalation_step = t.escalation_step + 1
    from due d
    where t.district_id = d.district_id and t.ticket_id = d.ticket_id
    returning t.*
), rearmed as (
    -- escalation_hours() in SQL: after one day, after three, then every day
    update tickets.timer m set
        fired = m.fired + 1,
        due_at = m.base_at + make_interval(hours => case m.fired when 0 then 24 else 24 * (m.fired + 2) end)
    from changed c
    where m.district_id = c.district_id and m.ticket_id = c.ticket_id and m.kind = 'RESOLVE'
), told as (
    insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_id, actor_role, timer, text, facts)
    select c.district_id, c.ticket_id, c.version, $4, c.state, c.state, $1, null, '', 'RESOLVE', '',
        jsonb_build_object('escalation_step', c.escalation_step)
    from changed c
), published as (
    insert into tickets.outbox (district_id, subject_id, type, payload, traceparent, at)
    select c.district_id, c.ticket_id, 'hemei.tickets.v1.TicketChanged',
        jsonb_build_object(
            'ticket_id', c.ticket_id, 'number', c.number, 'sequence', c.version, 'transition', $4::text,
            'from_state', c.state, 'to_state', c.state, 'reporter_id', c.reporter_id, 'reporter_role', c.reporter_role,
            'category_code', c.category_code, 'place_path', c.place_path, 'department_id', c.department_id,
            'at', $1::timestamptz, 'claim_by', c.claim_by, 'resolve_by', c.resolve_by),
        $5, $1
    from changed c
)
select d.due_at from changed c join due d using (district_id, ticket_id)
