-- What a district decides for itself: its deadlines, hours, days, roster and categories. Every edit moves the revision, so that
-- each replica reads them again.
create table tickets.governed (
    district_id uuid not null,
    revision bigint not null,
    constraint governed_key primary key (district_id)
);

-- The district's own deadlines and hours; the row with the highest version holds, the others are the history.
create table tickets.terms (
    district_id uuid not null,
    version integer not null,
    -- Only what differs from the suite's settings: {"claim_minutes": 20}.
    timers jsonb not null,
    -- [[510, 690], [810, 1020]]: minutes of the day; empty: the suite's.
    hours jsonb not null,
    -- [{category_code, name, phone}]; an empty category_code stands for every emergency.
    phones jsonb not null,
    changed_by uuid not null,
    changed_at timestamptz not null,
    constraint terms_key primary key (district_id, version)
);
create trigger terms_only_grow before update or delete on tickets.terms for each row execute function tickets.refuse_change();

-- Days that differ from the shipped calendar.
create table tickets.calendar_day (
    district_id uuid not null,
    day date not null,
    -- ORDINARY takes a shipped day back: the week decides.
    kind text not null constraint calendar_day_kind check (kind in ('HOLIDAY', 'WORKDAY', 'ORDINARY')),
    name text not null,
    changed_by uuid not null,
    changed_at timestamptz not null,
    constraint calendar_day_key primary key (district_id, day)
);

-- Who is there to claim, from when until when; a stand-in gains the street for that time.
create table tickets.duty (
    district_id uuid not null,
    duty_id uuid not null,
    person_id uuid not null,
    place_id uuid not null,
    place_path text collate "C" not null,
    from_at timestamptz not null,
    until_at timestamptz not null,
    -- For whom, where somebody stands in.
    stands_in_for uuid,
    made_by uuid not null,
    made_at timestamptz not null,
    cancelled_at timestamptz,
    request_hash bytea not null,
    constraint duty_key primary key (district_id, duty_id),
    constraint duty_span check (until_at > from_at)
);
create index duty_until on tickets.duty (district_id, until_at, duty_id) where cancelled_at is null;

alter table tickets.category
    -- 0: as shipped. A district's own row begins at 1.
    add column version integer not null default 0,
    -- Kept for the tickets that have it, offered no more.
    add column retired boolean not null default false,
    -- Within which distance and time another report of the same family may be the same matter.
    add column duplicate_metres integer not null default 50 constraint category_duplicate_metres check (duplicate_metres between 1 and 1000),
    add column duplicate_hours integer not null default 72 constraint category_duplicate_hours check (duplicate_hours between 1 and 720);

-- Every version of a district's own categories.
create table tickets.category_version (
    like tickets.category,
    changed_by uuid not null,
    changed_at timestamptz not null,
    constraint category_version_key primary key (district_id, category_code, version)
);
create trigger category_version_only_grows before update or delete on tickets.category_version for each row execute function tickets.refuse_change();
