-- What the staff say among themselves about a ticket; never for its reporter or the public.
create table tickets.comment (
    district_id uuid not null,
    comment_id uuid not null,
    ticket_id uuid not null,
    author_id uuid not null,
    author_role text not null,
    text text not null,
    media_ids uuid[] not null,
    mentioned_ids uuid[] not null,
    at timestamptz not null,
    request_hash bytea not null,
    constraint comment_key primary key (district_id, comment_id)
);
create index comment_of on tickets.comment (district_id, ticket_id, at, comment_id);
create trigger comment_only_grows before update or delete on tickets.comment for each row execute function tickets.refuse_change();

-- Every action of the staff: with its statement where it is one of its own, from the ticket's events where it is a transition.
create table tickets.audit (
    tx bigint not null default (pg_current_xact_id()::text::bigint),
    audit_id bigint not null generated always as identity,
    district_id uuid not null,
    at timestamptz not null,
    actor_id uuid not null,
    actor_role text not null,
    -- "T6", "PUT_TERMS", "EXPORT_CASE".
    act text not null,
    subject text not null,
    detail jsonb not null,
    constraint audit_key primary key (tx, audit_id)
);
create unique index audit_once on tickets.audit (district_id, subject, act, (detail->>'sequence')) where detail ? 'sequence';
create index audit_newest on tickets.audit (district_id, audit_id);
create trigger audit_only_grows before update or delete on tickets.audit for each row execute function tickets.refuse_change();
create trigger audit_stays before truncate on tickets.audit for each statement execute function tickets.refuse_change();

-- The chain over it: each seal holds the hash of its rows and of the seal before.
create table tickets.audit_seal (
    number bigint not null,
    last_tx bigint not null,
    last_id bigint not null,
    rows integer not null,
    previous bytea not null,
    hash bytea not null,
    -- The first eight bytes of each row's own hash, so that the one that was changed can be named.
    marks bytea not null,
    at timestamptz not null,
    constraint audit_seal_key primary key (number)
);
create trigger audit_seal_only_grows before update or delete on tickets.audit_seal for each row execute function tickets.refuse_change();
