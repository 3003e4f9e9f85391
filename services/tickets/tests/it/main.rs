//! The tickets service against a real PostgreSQL, through its generated traits, with a stopped clock.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]
mod casework;
mod categories;
mod channels;
mod claim;
mod community;
mod coordination;
mod deadlines;
mod figures;
mod governance;
mod harness;
mod heard;
mod history;
mod inbox;
mod lifecycle;
mod list;
mod mediation;
mod migration;
mod pauses;
mod precedents;
mod recurrences;
mod report;
mod rewards;
mod similar;
mod terms;
mod told;
mod walk;
