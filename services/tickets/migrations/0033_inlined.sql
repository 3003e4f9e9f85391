-- The first levels of a place's path: "gn.xy.sh.03", 2 gives "gn.xy". No more than stable, as array_to_string is: so it is inlined.
create function tickets.place_above(path text, levels integer) returns text language sql stable parallel safe
as $$ select array_to_string((string_to_array(path, '.'))[1:levels], '.') $$;

create or replace function tickets.figure_of(t tickets.ticket) returns table (
    district_id uuid, ticket_id uuid, month date, department_id uuid, place_path text, category_code text, counters bigint[]
) language sql immutable parallel safe as $$
    select t.district_id, t.ticket_id, date_trunc('month', t.received_at at time zone 'Asia/Shanghai')::date,
        coalesce(t.department_id, '00000000-0000-0000-0000-000000000000'),
        tickets.place_above(t.place_path, 3), t.category_code, tickets.counters(t)
$$;

-- What a queue is narrowed to: a state, a priority and those before it, a place and what lies in it, what is overdue. Inlined as well.
create function tickets.is_wanted(
    t tickets.ticket, in_state text, most_priority smallint, place text, overdue boolean, now timestamptz
) returns boolean language sql immutable parallel safe as $$
    select (in_state is null or t.state = in_state) and (most_priority is null or t.priority <= most_priority)
        and (place = '' or t.place_path = place or starts_with(t.place_path, place || '.'))
        and (not overdue or t.resolve_by < now)
$$;
