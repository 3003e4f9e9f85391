-- Which photos a report has, and what they are: the same picture in several reports is a signal.
create table incentives.ticket_photo (
    district_id uuid not null,
    ticket_id uuid not null,
    media_id uuid not null,
    constraint ticket_photo_key primary key (district_id, ticket_id, media_id)
);
create index ticket_photo_media on incentives.ticket_photo (district_id, media_id);

create table incentives.photo (
    district_id uuid not null,
    media_id uuid not null,
    sha256 text collate "C" not null,
    constraint photo_key primary key (district_id, media_id)
);
create index photo_same on incentives.photo (district_id, sha256);
