-- A message may be about no ticket, but about points or a payout; the event it is said because of names it then.
alter table tickets.inbox alter column ticket_id drop not null,
    add column cause text collate "C",
    add constraint inbox_about check ((ticket_id is null) = (cause is not null));
create unique index inbox_once_of_cause on tickets.inbox (district_id, person_id, cause) where cause is not null;
