-- T3 for the tickets that waited longest: found, changed, told and their deadline removed in one statement.
-- A ticket that is being changed right now is skipped; the next round finds it. The ticket's lock covers its timers.
with due as materialized (
    select m.district_id, m.ticket_id, m.due_at, t.state as from_state
    from tickets.timer m
    join tickets.ticket t on t.district_id = m.district_id and t.ticket_id = m.ticket_id
    where m.kind = 'CLAIM' and m.due_at <= $1 and t.state = any($2::text[])
    order by m.due_at
    limit $3
    for update of t, m skip locked
), changed as (
    update tickets.ticket t set
        version = t.version + 1, state = $4, coordination_reason = $5, last_transition = $6, last_actor = null, last_hash = ''
    from due d
    where t.district_id = d.district_id and t.ticket_id = d.ticket_id
    returning t.*
), fired as (
    delete from tickets.timer m using changed c
    where m.district_id = c.district_id and m.ticket_id = c.ticket_id and m.kind = 'CLAIM'
), told as (
    insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_id, actor_role, timer, text, facts)
    select c.district_id, c.ticket_id, c.version, $6, d.from_state, c.state, $1, null, '', 'CLAIM', '',
        jsonb_build_object('coordination_reason', c.coordination_reason)
    from changed c join due d using (district_id, ticket_id)
), published as (
    insert into tickets.outbox (district_id, subject_id, type, payload, traceparent, at)
    select c.district_id, c.ticket_id, 'hemei.tickets.v1.TicketChanged',
        jsonb_build_object(
            'ticket_id', c.ticket_id, 'number', c.number, 'sequence', c.version, 'transition', $6::text,
            'from_state', d.from_state, 'to_state', c.state, 'reporter_id', c.reporter_id, 'reporter_role', c.reporter_role,
            'category_code', c.category_code, 'place_path', c.place_path, 'department_id', c.department_id,
            'at', $1::timestamptz, 'claim_by', c.claim_by, 'resolve_by', c.resolve_by),
        $7, $1
    from changed c join due d using (district_id, ticket_id)
)
select d.due_at from changed c join due d using (district_id, ticket_id)
