//! A database of its own for one test.
use test_database::Database;

const TABLES: &str = "create schema told;
     create table told.outbox (tx bigint not null default (pg_current_xact_id()::text::bigint),
         event_id bigint not null generated always as identity, district_id uuid not null, subject_id uuid not null,
         type text not null, payload jsonb not null, traceparent text not null default '', at timestamptz not null default now(),
         primary key (tx, event_id));
     create schema heard;
     create table heard.subscription (producer text primary key, tx bigint not null default 0, event_id bigint not null default 0);
     create table heard.dead_letter (producer text not null, tx bigint not null, event_id bigint not null,
         subject_id uuid not null, event bytea not null, reason text not null, primary key (producer, tx, event_id));
     create table heard.effect (number bigint generated always as identity, code text not null);";

/// A fresh database with a producer's and a listener's tables.
pub async fn fresh() -> Database {
    Database::create("chassis", None, TABLES).await
}
