-- Open tickets by bands of a thousandth of a degree of latitude (111 m), and along each band: what lies near a point.
create index ticket_near on tickets.ticket (district_id, (floor(gcj_lat * 1000)::integer), gcj_lng) where due_at is not null;

-- What a photo looks like, so that the same picture is known again.
create table tickets.photo (
    district_id uuid not null,
    media_id uuid not null,
    sha256 bytea not null,
    -- 64 comparisons of brightness; none for what could not be looked at.
    look bigint,
    at timestamptz not null,
    constraint photo_key primary key (district_id, media_id)
);
create index photo_same on tickets.photo (district_id, sha256);
