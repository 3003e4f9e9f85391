-- What the staff do with money, and every reading of account numbers: written with the statement of the act, once.
create table finance.audit (
    tx bigint not null default (pg_current_xact_id()::text::bigint),
    audit_id bigint not null generated always as identity,
    district_id uuid not null,
    at timestamptz not null,
    actor_id uuid not null,
    actor_role text not null,
    -- "RECORD_ENTRY", "PAY_IN_PERSON", "READ_BANK_FILE" …
    act text not null,
    subject text not null,
    detail jsonb not null,
    constraint audit_key primary key (tx, audit_id)
);
create index audit_newest on finance.audit (district_id, audit_id);
create index audit_subject on finance.audit (district_id, subject, audit_id);
create trigger audit_append_only before update or delete or truncate on finance.audit
    for each statement execute function finance.refuse_change();

-- The chain over it: each seal holds the hash of its rows and of the seal before.
create table finance.audit_seal (
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
create trigger audit_seal_append_only before update or delete or truncate on finance.audit_seal
    for each statement execute function finance.refuse_change();
