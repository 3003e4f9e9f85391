-- A report in bad faith, as two people found, counts against its reporter until an appeal is granted; written from this service's own
-- events. It punishes nobody by itself.
create table tickets.strike (
    district_id uuid not null,
    ticket_id uuid not null,
    -- The event that declared it invalid.
    sequence bigint not null,
    person_id uuid not null,
    number text not null,
    place_path text collate "C" not null,
    at timestamptz not null,
    lifted_at timestamptz,
    constraint strike_key primary key (district_id, ticket_id)
);
create index strike_person on tickets.strike (district_id, person_id, at);

insert into tickets.strike (district_id, ticket_id, sequence, person_id, number, place_path, at)
select district_id, ticket_id, version, reporter_id, number, place_path, coalesce(invalid_at, received_at)
from tickets.ticket where state = 'INVALID' and malicious;
