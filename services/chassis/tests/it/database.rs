//! A database of its own for one test.
use std::str::FromStr;

use sqlx::{AssertSqlSafe, PgPool, postgres::PgConnectOptions};
use uuid::Uuid;

/// A fresh database with a producer's and a listener's tables.
pub async fn fresh() -> PgPool {
    let url = std::env::var("HEMEI_TEST_DATABASE_URL").expect("HEMEI_TEST_DATABASE_URL: run `make test`");
    let server = PgConnectOptions::from_str(&url).unwrap();
    let admin = PgPool::connect_with(server.clone()).await.unwrap();
    let name = format!("chassis_{}", Uuid::now_v7().simple());
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&admin).await.unwrap();
    let pool = PgPool::connect_with(server.database(&name)).await.unwrap();
    sqlx::raw_sql(
        "create schema told;
         create table told.outbox (tx bigint not null default (pg_current_xact_id()::text::bigint),
             event_id bigint not null generated always as identity, district_id uuid not null, subject_id uuid not null,
             type text not null, payload jsonb not null, traceparent text not null default '', at timestamptz not null default now(),
             primary key (tx, event_id));
         create schema heard;
         create table heard.subscription (producer text primary key, tx bigint not null default 0, event_id bigint not null default 0);
         create table heard.dead_letter (producer text not null, tx bigint not null, event_id bigint not null,
             subject_id uuid not null, event bytea not null, reason text not null, primary key (producer, tx, event_id));
         create table heard.effect (number bigint generated always as identity, code text not null);",
    )
    .execute(&pool)
    .await
    .unwrap();
    pool
}
