-- Whose turn it is, the next deadline first: what a post's queue shows.
create index ticket_held on tickets.ticket (district_id, held_by, due_at, ticket_id) where due_at is not null;
create index ticket_assisting on tickets.ticket using gin (assisting) where due_at is not null and assisting <> '{}';
