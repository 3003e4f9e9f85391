-- What the whole governance loop keeps of a ticket, beside the first columns.
alter table tickets.ticket
    -- Whose turn it is: 'street:gn.xy', 'community:gn.xy.sh', 'department:<id>', 'coordinator', 'check:gn.xy.sh'; empty once it has ended.
    add column held_by text collate "C" not null default '',
    -- The live deadlines: [{kind, due_at, base_at, fired}]. They belong to the ticket's row, so that they change with it or not at all.
    add column timers jsonb not null default '[]',
    -- The earliest of them.
    add column due_at timestamptz,
    -- NATURAL counts every hour, WORKING the hours of the district's calendar.
    add column clock text not null default 'NATURAL' constraint ticket_clock check (clock in ('NATURAL', 'WORKING')),
    add column resolve_minutes integer not null default 0,
    add column anonymous boolean not null default false,
    -- Departments: [{department_id, lead, state: OPEN | DONE, dispatched_at, accepted_at, done_at, text}].
    add column legs jsonb not null default '[]',
    -- Departments that help the lead and are not done.
    add column assisting uuid[] not null default '{}',
    -- [{department_id, at, text}]: one a department, two a ticket.
    add column refusals jsonb not null default '[]',
    -- A ruling binds: nobody may refuse after it.
    add column binding boolean not null default false,
    add column extended boolean not null default false,
    -- How often the dispatch deadline of this claim was missed.
    add column dispatch_misses integer not null default 0,
    add column coordinated_at timestamptz,
    add column checker_id uuid,
    -- Drawn again when the checker was silent.
    add column check_round integer not null default 0,
    add column check_passed boolean,
    add column checked_at timestamptz,
    add column returned_count integer not null default 0,
    -- {reason_code, text, from_state, started_at, until, clock, mediation_case_id}
    add column pause jsonb,
    -- {by, reason_code, text, until, at}
    add column pause_request jsonb,
    add column review_at timestamptz,
    add column nofix_reason text not null default '',
    -- {by, reason, malicious, at}: a second person confirms it.
    add column invalid_proposal jsonb,
    add column invalid_reason text not null default '',
    add column malicious boolean not null default false,
    add column invalid_at timestamptz,
    add column appealed boolean not null default false,
    add column parent_ticket_id uuid,
    -- Duplicates merged into this one: [{ticket_id, person_id, role}].
    add column co_reports jsonb not null default '[]',
    -- The same trouble came back after it was closed.
    add column recurred boolean not null default false,
    -- SATISFIED, VERIFIED_UNRATED, COMMUNITY; empty while it is open.
    add column outcome text not null default '',
    -- The level of the place tree that solved it.
    add column solved_level smallint,
    -- When it came to where it stands.
    add column entered_at timestamptz;
update tickets.ticket set resolve_minutes = resolve_hours * 60, entered_at = received_at;
