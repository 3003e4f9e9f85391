-- Open tickets without a coordinate are few: who looks for what was reported nearby finds them without reading those that have one.
create index ticket_unplaced on tickets.ticket (district_id, place_path, received_at) where due_at is not null and gcj_lat is null;
