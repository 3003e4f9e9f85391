-- What this service tells the others; written by the statement of the change. The payload is the JSON form of the message `type`.
create table incentives.outbox (
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
create table incentives.subscription (
    producer text primary key,
    tx bigint not null default 0,
    event_id bigint not null default 0
);
-- Events that could not be applied, and those of the same subject parked behind them.
create table incentives.dead_letter (
    producer text not null,
    tx bigint not null,
    event_id bigint not null,
    subject_id uuid not null,
    event bytea not null,
    reason text not null,
    primary key (producer, tx, event_id)
);
create index dead_letter_subject on incentives.dead_letter (producer, subject_id);
