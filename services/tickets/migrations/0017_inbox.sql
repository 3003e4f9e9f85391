-- What was said to somebody: always here, whatever other way delivered it. Written from this service's own events.
create table tickets.inbox (
    district_id uuid not null,
    person_id uuid not null,
    message_id bigint not null generated always as identity,
    ticket_id uuid not null,
    sequence bigint not null,
    number text not null,
    text text not null,
    at timestamptz not null,
    read_at timestamptz,
    constraint inbox_key primary key (district_id, person_id, message_id),
    constraint inbox_once unique (district_id, person_id, ticket_id, sequence)
);
create index inbox_unread on tickets.inbox (district_id, person_id) where read_at is null;

-- A district's own words for what is told to whom; an empty text says nothing.
create table tickets.wording (
    district_id uuid not null,
    transition text not null,
    audience text not null,
    tiers text not null,
    urgent boolean not null,
    words text not null,
    changed_by uuid not null,
    changed_at timestamptz not null,
    constraint wording_key primary key (district_id, transition, audience)
);
