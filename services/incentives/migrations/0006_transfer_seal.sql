-- In commit order, so that the ledger can be sealed while others post.
alter table incentives.transfer add column tx bigint not null default (pg_current_xact_id()::text::bigint);
create index transfer_in_order on incentives.transfer (tx, transfer_id);
-- What an account was worth at a time.
create index transfer_debit_at on incentives.transfer (district_id, debit_owner_id, debit_purpose, at) where debit_version is not null;
create index transfer_credit_at on incentives.transfer (district_id, credit_owner_id, credit_purpose, at) where credit_version is not null;
-- The chain over it: each seal holds the hash of its rows and of the seal before.
create table incentives.transfer_seal (
    number bigint not null,
    last_tx bigint not null,
    last_id bigint not null,
    rows integer not null,
    previous bytea not null,
    hash bytea not null,
    marks bytea not null,
    at timestamptz not null,
    constraint transfer_seal_key primary key (number)
);
create trigger transfer_seal_append_only before update or delete or truncate on incentives.transfer_seal
    for each statement execute function incentives.refuse_change();
