//! The tickets service against a real PostgreSQL, through its generated traits, with a stopped clock.
mod claim;
mod deadlines;
mod harness;
mod heard;
mod history;
mod lifecycle;
mod list;
mod report;
