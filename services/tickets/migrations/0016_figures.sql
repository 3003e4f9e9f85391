-- What one ticket adds to the figures, in the order of src/figures.rs. The same function counts it as it changes and again from history.
create function tickets.counters(t tickets.ticket) returns bigint[] language sql immutable parallel safe as $$
    select array[
        1,                                                                                        -- reported
        (t.state = 'WITHDRAWN')::int,                                                             -- withdrawn
        (t.state = 'INVALID')::int,                                                               -- invalid
        (t.state = 'MERGED')::int,                                                                -- merged
        (t.claimed_at is not null and not coalesce(t.claimed_late, false))::int,                  -- claimed_on_time
        (t.claimed_at is not null and coalesce(t.claimed_late, false))::int,                      -- claimed_late
        (t.resolve_by is not null)::int,                                                          -- dispatched
        (t.resolved_at is not null and coalesce(t.escalation_step, 0) = 0)::int,                  -- resolved_on_time
        (t.resolved_at is not null and coalesce(t.escalation_step, 0) > 0)::int,                  -- resolved_late
        (coalesce(t.escalation_step, 0) > 0)::int,                                                -- overdue
        coalesce(jsonb_array_length(t.refusals), 0),                                              -- refusals
        (t.coordinated_at is not null)::int,                                                      -- coordinated
        (t.satisfied is not null)::int,                                                           -- answered
        (t.satisfied is not null and coalesce(t.solved, t.satisfied))::int,                       -- solved
        coalesce(t.satisfied, false)::int,                                                        -- satisfied
        (t.state = 'CLOSED')::int,                                                                -- closed
        (t.state = 'CLOSED' and coalesce(t.reopen_count, 0) = 0 and coalesce(t.returned_count, 0) = 0
            and not coalesce(t.recurred, false))::int,                                            -- first_time_fixed
        coalesce(t.returned_count, 0),                                                            -- returned
        coalesce(t.reopen_count, 0),                                                              -- reopened
        coalesce(t.recurred, false)::int,                                                         -- recurred
        (t.state = 'CLOSED' and t.solved_level = 4)::int,                                         -- solved_by_compound
        (t.state = 'CLOSED' and t.solved_level = 3)::int,                                         -- solved_by_community
        (t.state = 'CLOSED' and t.solved_level = 2)::int,                                         -- solved_by_subdistrict
        (t.state = 'CLOSED' and t.solved_level = 1)::int                                          -- solved_by_district
    ]::bigint[]
$$;

-- The sums, by the local month of the report, the lead department (nil: none yet), the community (or street) and the category.
create table tickets.figure (
    district_id uuid not null,
    month date not null,
    department_id uuid not null,
    place_path text collate "C" not null,
    category_code text not null,
    counters bigint[] not null,
    constraint figure_key primary key (district_id, month, department_id, place_path, category_code)
);

-- What each ticket has added, so that a change takes it back first.
create table tickets.figure_ticket (
    district_id uuid not null,
    ticket_id uuid not null,
    month date not null,
    department_id uuid not null,
    place_path text collate "C" not null,
    category_code text not null,
    counters bigint[] not null,
    constraint figure_ticket_key primary key (district_id, ticket_id)
) with (fillfactor = 80);

-- Where a ticket counts.
create function tickets.figure_of(t tickets.ticket) returns table (
    district_id uuid, ticket_id uuid, month date, department_id uuid, place_path text, category_code text, counters bigint[]
) language sql immutable parallel safe as $$
    select t.district_id, t.ticket_id, date_trunc('month', t.received_at at time zone 'Asia/Shanghai')::date,
        coalesce(t.department_id, '00000000-0000-0000-0000-000000000000'),
        array_to_string((string_to_array(t.place_path, '.'))[1:3], '.'), t.category_code, tickets.counters(t)
$$;
