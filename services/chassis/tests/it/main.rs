//! Chassis on a real PostgreSQL.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod batch;
mod consumer;
mod database;
mod transaction;
