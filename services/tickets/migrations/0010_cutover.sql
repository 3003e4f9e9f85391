-- The rules now live in one function; a change is one compare-and-set of the ticket's row, its deadlines included.
alter table tickets.ticket
    -- Nobody accepted it in time, so it counts as accepted.
    add column deemed_accepted boolean not null default false,
    -- Where the handler was when reporting the work done, in metres from the reported point.
    add column resolved_distance_m integer,
    add column solved boolean,
    -- Who said what since it came to where it stands, so that saying it again changes nothing.
    add column said text[] not null default '{}';
update tickets.ticket set solved = satisfied where satisfied is not null;

-- The deadlines move into the row.
update tickets.ticket t set timers = m.timers, due_at = m.due_at
from (
    select district_id, ticket_id, min(due_at) as due_at,
        jsonb_agg(jsonb_build_object('kind', kind, 'due_at', due_at, 'base_at', base_at, 'fired', fired) order by due_at) as timers
    from tickets.timer group by district_id, ticket_id
) m
-- One that a race left behind on a ticket that has moved on never acted, and ends here.
where m.district_id = t.district_id and m.ticket_id = t.ticket_id and t.state in ('POOL', 'DISPATCHED', 'IN_PROGRESS', 'COORDINATION');
-- States that had no deadline before get theirs now, due in an hour: long enough for people, short enough that nothing rests.
update tickets.ticket t set due_at = least(t.due_at, now() + interval '1 hour'),
    timers = t.timers || jsonb_build_array(jsonb_build_object(
        'kind', case t.state when 'CLAIMED' then 'DISPATCH' when 'DISPATCHED' then 'ACCEPT' when 'COORDINATION' then 'COORD' when 'FEEDBACK' then 'RATE' else 'RESOLVE' end,
        'due_at', now() + interval '1 hour', 'base_at', now() + interval '1 hour', 'fired', 0))
where t.state in ('CLAIMED', 'DISPATCHED', 'COORDINATION', 'FEEDBACK') or t.state = 'IN_PROGRESS' and t.due_at is null;
update tickets.ticket t set held_by = case
        when t.state in ('POOL', 'CLAIMED') then 'street:' || split_part(t.place_path, '.', 1) || '.' || split_part(t.place_path, '.', 2)
        when t.state in ('DISPATCHED', 'IN_PROGRESS') then 'department:' || t.department_id
        when t.state = 'COORDINATION' then 'coordinator'
        when t.state = 'FEEDBACK' then 'check:' || array_to_string((string_to_array(t.place_path, '.'))[1:3], '.')
        else '' end;
update tickets.ticket set outcome = 'SATISFIED' where state = 'CLOSED';
update tickets.ticket set legs = jsonb_build_array(jsonb_build_object(
        'department_id', department_id, 'lead', true, 'state', case when state in ('DISPATCHED', 'IN_PROGRESS', 'FEEDBACK') then 'OPEN' else 'DONE' end,
        'dispatched_at', dispatched_at, 'text', ''))
where department_id is not null;
drop table tickets.timer;

alter table tickets.ticket drop column resolve_hours,
    add constraint ticket_never_rests check ((due_at is null) = (state in ('CLOSED', 'INVALID', 'MERGED', 'WITHDRAWN'))),
    add constraint ticket_held check ((held_by = '') = (state in ('CLOSED', 'INVALID', 'MERGED', 'WITHDRAWN'))),
    add constraint ticket_merged check ((state = 'MERGED') = (parent_ticket_id is not null));
create index ticket_due on tickets.ticket (due_at) where due_at is not null;
-- Closed tickets are the many; by state only the open ones are asked for.
drop index tickets.ticket_state;
create index ticket_open on tickets.ticket (district_id, state, received_at, ticket_id) where due_at is not null;

-- Posts of the staff, a projection of the residents service.
create table if not exists tickets.post (
    district_id uuid not null,
    post_id uuid not null,
    person_id uuid not null,
    role text not null,
    place_path text collate "C" not null,
    department_id uuid,
    -- The last day.
    until_date date,
    constraint post_key primary key (district_id, post_id)
);
create index if not exists post_place on tickets.post (district_id, role, place_path);
