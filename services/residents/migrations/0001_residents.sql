-- Who, where and with which post. District is tenant: first in every key of what grows with users, except for people,
-- who are one person on the whole platform however many districts know them, and for their sessions.

create table residents.district (
    district_id uuid primary key,
    code text not null constraint district_code_unique unique check (code ~ '^[a-z0-9]{1,12}$'),
    name text not null,
    -- Where people without a post sign in.
    is_main boolean not null,
    -- Counts every change of a boundary, so that a cached map knows when it is old.
    map_version bigint not null default 1,
    created_at timestamptz not null
);
create unique index district_one_main on residents.district (is_main) where is_main;

create table residents.place (
    district_id uuid not null,
    place_id uuid not null,
    parent_id uuid,
    -- 1 district … 7 household.
    level smallint not null check (level between 1 and 7),
    path text collate "C" not null,
    name text not null,
    full_name text not null,
    -- Ring of [longitude, latitude] in GCJ-02, first point not repeated.
    boundary jsonb,
    center_lng double precision,
    center_lat double precision,
    updated_at timestamptz not null,
    primary key (district_id, place_id),
    constraint place_path_unique unique (district_id, path),
    check ((parent_id is null) = (level = 1)),
    check ((center_lng is null) = (center_lat is null))
);
create index place_children on residents.place (district_id, parent_id, path);
create index place_bounded on residents.place (district_id, path) where boundary is not null;

create table residents.department (
    district_id uuid not null,
    department_id uuid not null,
    code text collate "C" not null,
    name text not null,
    primary key (district_id, department_id),
    constraint department_code_unique unique (district_id, code)
);

create table residents.person (
    person_id uuid primary key,
    name text not null,
    phone_sealed bytea not null,
    phone_blind bytea not null constraint person_phone_unique unique,
    created_at timestamptz not null
);

-- Which districts know a person, and so were told the name.
create table residents.member (
    district_id uuid not null,
    person_id uuid not null,
    primary key (district_id, person_id)
);

create table residents.post (
    district_id uuid not null,
    post_id uuid not null,
    person_id uuid not null,
    role text not null check (role in ('courier', 'resident', 'home_observer', 'community_worker', 'liaison',
        'department_handler', 'coordinator', 'property_manager', 'district_admin', 'auditor')),
    place_id uuid not null,
    department_id uuid,
    -- Business dates in Asia/Shanghai; the last day counts.
    from_date date not null,
    until_date date,
    ended_at timestamptz,
    -- Of the request that made it; imported posts have none.
    request_hash bytea,
    primary key (district_id, post_id),
    check (until_date >= from_date or ended_at is not null),
    check ((department_id is not null) = (role = 'department_handler'))
);
create index post_person on residents.post (person_id, district_id);
create index post_role on residents.post (district_id, role, post_id) where ended_at is null;

create table residents.session (
    session_id uuid primary key,
    person_id uuid not null,
    district_id uuid not null,
    -- Every refresh token of a session carries this secret: it tells an old token from an invented one.
    family_hash bytea not null,
    current_hash bytea not null,
    -- What the current token was derived with from the one before, so that a repeated refresh gets the same answer.
    salt text not null,
    previous_hash bytea,
    previous_until timestamptz,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    ended_at timestamptz,
    ended_because text check (ended_because in ('SIGNED_OUT', 'REUSED')),
    check ((ended_at is null) = (ended_because is null))
);
create index session_person on residents.session (person_id) where ended_at is null;

create table residents.setup_token (
    token_hash bytea primary key,
    expires_at timestamptz not null,
    used_at timestamptz
);

-- What staff did and which personal data they saw. Append-only.
create table residents.audit (
    district_id uuid not null,
    seq bigint not null generated always as identity,
    at timestamptz not null,
    -- Null: the installation itself (import, set-up).
    actor uuid,
    action text not null,
    subject_id uuid not null,
    detail jsonb not null,
    primary key (district_id, seq)
);
create function residents.refuse_change() returns trigger language plpgsql as
$$ begin raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation'; end $$;
create trigger audit_append_only before update or delete or truncate on residents.audit
    for each statement execute function residents.refuse_change();

-- What this installation has been through, by name: 'demo' …
create table residents.installation (
    name text primary key,
    state text not null,
    at timestamptz not null
);

-- What this service tells the others; written by the statement of the change. The payload is the JSON form of the message `type`.
create table residents.outbox (
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
create table residents.subscription (
    producer text primary key,
    tx bigint not null default 0,
    event_id bigint not null default 0
);
-- Events that could not be applied, and those of the same subject parked behind them.
create table residents.dead_letter (
    producer text not null,
    tx bigint not null,
    event_id bigint not null,
    subject_id uuid not null,
    event bytea not null,
    reason text not null,
    primary key (producer, tx, event_id)
);
create index dead_letter_subject on residents.dead_letter (producer, subject_id);
