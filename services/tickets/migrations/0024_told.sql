-- A pause that is asked for waits in the queue of who may approve it.
create index ticket_pause_asked on tickets.ticket (district_id, due_at, ticket_id) where due_at is not null and pause_request is not null;

-- A district's own words follow the shipped ones to whom they are said to now.
update tickets.wording w set audience = moved.audience,
    tiers = case moved.was when 'DEPARTMENT' then replace(w.tiers, 'DEPARTMENT', 'HOLDER') else w.tiers end
from (values
    ('T7', 'STREET', 'HEADS'), ('T12', 'DEPARTMENT', 'HOLDER'), ('T13b', 'COORDINATORS', 'LEADERS'), ('T15', 'DEPARTMENT', 'HEADS'),
    ('T17', 'DEPARTMENT', 'HOLDER'), ('T18', 'DEPARTMENT', 'HOLDER'), ('T20', 'DEPARTMENT', 'HOLDER'), ('T22b', 'STREET', 'HEADS'),
    ('T25', 'REPORTER', 'REPORTERS'), ('T28', 'DEPARTMENT', 'HOLDER'), ('BEFORE_CLAIM', 'STREET', 'HOLDER'),
    ('BEFORE_RESOLVE', 'DEPARTMENT', 'HOLDER')) moved (transition, was, audience)
where w.transition = moved.transition and w.audience = moved.was and not exists (
    select from tickets.wording o where o.district_id = w.district_id and o.transition = w.transition and o.audience = moved.audience);
