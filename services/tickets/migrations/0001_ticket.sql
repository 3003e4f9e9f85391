-- What a report can be about. The row of the nil district is the suite's list; a district's own row wins over it.
create table tickets.category (
    district_id uuid not null,
    category_code text not null,
    name text not null,
    english_name text not null,
    level smallint not null,
    priority smallint not null,
    resolve_hours integer not null,
    after_photo boolean not null,
    department_code text not null,
    tile text not null,
    source text not null,
    constraint category_key primary key (district_id, category_code),
    constraint category_level check (level between 1 and 4),
    constraint category_priority check (priority between 0 and 3),
    constraint category_resolve_hours check (resolve_hours > 0)
);

-- What this service knows of the residents service: its projections, fed by events.
create table tickets.place (
    district_id uuid not null,
    place_id uuid not null,
    parent_id uuid,
    name text not null,
    full_name text not null,
    level smallint not null,
    path text collate "C" not null,
    -- GCJ-02, [[lng, lat], …]; empty where unknown.
    boundary jsonb not null,
    constraint place_key primary key (district_id, place_id)
);
create index place_path on tickets.place (district_id, path);
-- Grows with every change of a district's places, so that every replica notices.
create table tickets.map (
    district_id uuid not null,
    revision bigint not null,
    constraint map_key primary key (district_id)
);
create table tickets.person (
    district_id uuid not null,
    person_id uuid not null,
    name text not null,
    constraint person_key primary key (district_id, person_id)
);
create table tickets.department (
    district_id uuid not null,
    department_id uuid not null,
    name text not null,
    code text not null,
    constraint department_key primary key (district_id, department_id)
);

-- A ticket as it is now. Its row is the lock of everything below it: events and timers change only under it.
create table tickets.ticket (
    district_id uuid not null,
    ticket_id uuid not null,
    serial bigint not null generated always as identity,
    number_prefix text not null,
    number text not null generated always as (number_prefix || lpad(serial::text, greatest(6, length(serial::text)), '0')) stored,
    version bigint not null,
    state text not null,
    level smallint not null,
    priority smallint not null,
    category_code text not null,
    text text not null,
    place_id uuid not null,
    place_path text collate "C" not null,
    -- As reported, and the same point in GCJ-02.
    lng double precision,
    lat double precision,
    crs text,
    accuracy_m double precision,
    gcj_lng double precision,
    gcj_lat double precision,
    reporter_id uuid not null,
    reporter_role text not null,
    report_media uuid[] not null,
    captured_at timestamptz not null,
    received_at timestamptz not null,
    claim_by timestamptz not null,
    promised_by timestamptz not null,
    -- The terms of the category when it was reported.
    resolve_hours integer not null,
    after_photo boolean not null,
    claimed_by uuid,
    claimed_at timestamptz,
    claimed_late boolean not null default false,
    department_id uuid,
    dispatched_at timestamptz,
    resolve_by timestamptz,
    handler_id uuid,
    accepted_at timestamptz,
    resolved_at timestamptz,
    resolution_text text not null default '',
    resolution_media uuid[] not null default '{}',
    satisfied boolean,
    closed_at timestamptz,
    escalation_step integer not null default 0,
    reopen_count integer not null default 0,
    coordination_reason text not null default '',
    request_hash bytea not null,
    -- What brought it into this state: the same again by the same person is answered, not refused.
    last_transition text not null,
    last_actor uuid,
    last_hash bytea not null,
    constraint ticket_key primary key (district_id, ticket_id),
    constraint ticket_state check (state in (
        'POOL', 'CLAIMED', 'COMMUNITY', 'DISPATCHED', 'IN_PROGRESS', 'COORDINATION', 'PAUSED', 'FEEDBACK', 'CLOSED', 'CLOSED_NOFIX',
        'INVALID', 'MERGED', 'WITHDRAWN')),
    constraint ticket_claimed check ((claimed_by is null) = (claimed_at is null)),
    constraint ticket_dispatched check (department_id is null or resolve_by is not null)
);
create index ticket_newest on tickets.ticket (district_id, received_at, ticket_id);
create index ticket_mine on tickets.ticket (district_id, reporter_id, received_at, ticket_id);
create index ticket_state on tickets.ticket (district_id, state, received_at, ticket_id);
create index ticket_place on tickets.ticket (district_id, place_path, received_at, ticket_id);
create index ticket_department on tickets.ticket (district_id, department_id, received_at, ticket_id) where department_id is not null;

-- The history: event n left the ticket at version n. `facts` are the columns it set, so the history replays to the row.
create table tickets.event (
    district_id uuid not null,
    ticket_id uuid not null,
    sequence bigint not null,
    transition text not null,
    from_state text not null,
    to_state text not null,
    at timestamptz not null,
    actor_id uuid,
    actor_role text not null,
    timer text not null,
    text text not null,
    facts jsonb not null,
    constraint event_key primary key (district_id, ticket_id, sequence)
);
create function tickets.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'tickets.% only grows', tg_table_name;
end $$;
create trigger event_only_grows before update or delete on tickets.event for each row execute function tickets.refuse_change();
create trigger event_stays before truncate on tickets.event for each statement execute function tickets.refuse_change();

-- The live deadlines; a cancelled or fired one is deleted, its event tells of it.
create table tickets.timer (
    district_id uuid not null,
    ticket_id uuid not null,
    kind text not null,
    due_at timestamptz not null,
    -- The deadline that repeated firings are counted from, and how many there were.
    base_at timestamptz not null,
    fired integer not null default 0,
    constraint timer_key primary key (district_id, ticket_id, kind)
);
create index timer_due on tickets.timer (kind, due_at);

-- What this service tells the others; written by the statement of the change. The payload is the JSON form of the message `type`.
create table tickets.outbox (
    tx bigint not null default (pg_current_xact_id()::text::bigint),
    event_id bigint not null generated always as identity,
    district_id uuid not null,
    subject_id uuid not null,
    type text not null,
    payload jsonb not null,
    traceparent text not null default '',
    at timestamptz not null,
    primary key (tx, event_id)
);
-- How far this service has heard each producer.
create table tickets.subscription (
    producer text primary key,
    tx bigint not null default 0,
    event_id bigint not null default 0
);
-- Events that could not be applied, and those of the same subject parked behind them.
create table tickets.dead_letter (
    producer text not null,
    tx bigint not null,
    event_id bigint not null,
    subject_id uuid not null,
    event bytea not null,
    reason text not null,
    primary key (producer, tx, event_id)
);
create index dead_letter_subject on tickets.dead_letter (producer, subject_id);
