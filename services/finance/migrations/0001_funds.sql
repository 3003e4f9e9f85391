-- One fund per compound, with an account for every purpose its money is earmarked for.
--
-- The ledger has the form of the points': an account is (owner, purpose). A fund's accounts are rows with their balance. What
-- lies outside the funds belongs to the district, is unbounded and has no row, so no row is hot. Every entry is one immutable
-- transfer with both legs, in fen.

create table finance.fund (
    district_id uuid not null,
    -- The compound.
    place_id uuid not null,
    path text collate "C" not null,
    name text not null,
    primary key (district_id, place_id)
);

-- Who recorded an entry: a projection of people's names.
create table finance.person (
    district_id uuid not null,
    person_id uuid not null,
    name text not null,
    primary key (district_id, person_id)
);

create table finance.account (
    district_id uuid not null,
    owner_id uuid not null,
    purpose text collate "C" not null check (length(purpose) between 1 and 40),
    unit text not null default 'CNY' constraint account_unit check (unit = 'CNY'),
    posted bigint not null constraint purpose_not_overdrawn check (posted >= 0),
    -- The number of transfers so far.
    version bigint not null,
    primary key (district_id, owner_id, purpose)
) with (fillfactor = 80);

create table finance.transfer (
    district_id uuid not null,
    transfer_id bigint not null generated always as identity,
    -- The fund it is about.
    place_id uuid not null,
    kind text not null check (kind in ('INCOME', 'SPENDING')),
    amount bigint not null constraint transfer_amount check (amount between 1 and 100000000000),
    debit_owner_id uuid not null,
    debit_purpose text collate "C" not null,
    debit_balance_after bigint,
    debit_version bigint,
    credit_owner_id uuid not null,
    credit_purpose text collate "C" not null,
    credit_balance_after bigint,
    credit_version bigint,
    -- What the client called it: the same id never posts twice. The row holds the whole request, so another body shows.
    entry_id uuid not null,
    text text not null,
    voucher_media_id uuid,
    recorded_by uuid not null,
    at timestamptz not null,
    primary key (district_id, transfer_id),
    constraint transfer_once unique (district_id, entry_id),
    -- A leg on a fund's account shows that the balance moved; a leg on the district's has none.
    constraint transfer_debit check ((debit_owner_id = district_id) = (debit_version is null)
        and (debit_version is null) = (debit_balance_after is null)),
    constraint transfer_credit check ((credit_owner_id = district_id) = (credit_version is null)
        and (credit_version is null) = (credit_balance_after is null)),
    constraint transfer_sides check ((debit_owner_id, debit_purpose) <> (credit_owner_id, credit_purpose))
);
create unique index transfer_debit_leg on finance.transfer (district_id, debit_owner_id, debit_purpose, debit_version)
    where debit_version is not null;
create unique index transfer_credit_leg on finance.transfer (district_id, credit_owner_id, credit_purpose, credit_version)
    where credit_version is not null;
create index transfer_place on finance.transfer (district_id, place_id, transfer_id);

create function finance.refuse_change() returns trigger language plpgsql as
$$ begin raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation'; end $$;
create trigger transfer_append_only before update or delete or truncate on finance.transfer
    for each statement execute function finance.refuse_change();

-- What this service tells the others; written by the statement of the change. The payload is the JSON form of the message `type`.
create table finance.outbox (
    tx bigint not null default (pg_current_xact_id()::text::bigint),
    event_id bigint not null generated always as identity,
    district_id uuid not null,
    subject_id uuid not null,
    type text not null,
    payload jsonb not null,
    traceparent text not null default '',
    at timestamptz not null,
    primary key (tx, event_id)
);
-- How far this service has heard each producer.
create table finance.subscription (
    producer text primary key,
    tx bigint not null default 0,
    event_id bigint not null default 0
);
-- Events that could not be applied, and those of the same subject parked behind them.
create table finance.dead_letter (
    producer text not null,
    tx bigint not null,
    event_id bigint not null,
    subject_id uuid not null,
    event bytea not null,
    reason text not null,
    primary key (producer, tx, event_id)
);
create index dead_letter_subject on finance.dead_letter (producer, subject_id);
