-- In commit order, so that the log can be sealed while others write.
alter table residents.audit add column tx bigint not null default (pg_current_xact_id()::text::bigint);
create index audit_in_order on residents.audit (tx, seq);
-- The chain over it: each seal holds the hash of its rows and of the seal before.
create table residents.audit_seal (
    number bigint not null,
    last_tx bigint not null,
    last_id bigint not null,
    rows integer not null,
    previous bytea not null,
    hash bytea not null,
    marks bytea not null,
    at timestamptz not null,
    constraint audit_seal_key primary key (number)
);
create trigger audit_seal_append_only before update or delete or truncate on residents.audit_seal
    for each statement execute function residents.refuse_change();
