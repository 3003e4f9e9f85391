-- What coordinators have ruled, to be found again for the next similar ticket; written from this service's own events.
create table tickets.precedent (
    district_id uuid not null,
    ticket_id uuid not null,
    sequence bigint not null,
    number text not null,
    category_code text not null,
    -- The first two digits of the category.
    family text not null,
    place_path text collate "C" not null,
    -- None: the community.
    department_id uuid,
    -- Pairs of neighbouring characters of report and reason, by which similar cases are found.
    words text[] not null,
    text text not null,
    reason text not null,
    ruled_by uuid not null,
    ruled_at timestamptz not null,
    constraint precedent_key primary key (district_id, ticket_id, sequence)
);
create index precedent_family on tickets.precedent (district_id, family, ruled_at desc);
create index precedent_newest on tickets.precedent (district_id, ruled_at, ticket_id);
create index precedent_words on tickets.precedent using gin (words);
create trigger precedent_only_grows before update or delete on tickets.precedent for each row execute function tickets.refuse_change();

-- Which department closed how many tickets of a category in a street.
create table tickets.usual (
    district_id uuid not null,
    category_code text not null,
    street text collate "C" not null,
    department_id uuid not null,
    closed bigint not null,
    constraint usual_key primary key (district_id, category_code, street, department_id)
);
