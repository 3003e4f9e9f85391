-- The phone of a liaison, sealed by the residents service: mentioned in the street's group while they are on duty.
alter table tickets.post add column phone_sealed bytea;
create index post_person on tickets.post (district_id, person_id) where phone_sealed is not null;
