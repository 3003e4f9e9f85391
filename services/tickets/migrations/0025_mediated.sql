-- A ticket waits for mediation once; a further stop is asked for, and a second person approves it.
alter table tickets.ticket add column mediated boolean not null default false;
update tickets.ticket t set mediated = true
from (select distinct district_id, ticket_id from tickets.event where transition = 'T30') e
where (e.district_id, e.ticket_id) = (t.district_id, t.ticket_id);
