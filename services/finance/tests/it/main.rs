//! The service on a real PostgreSQL with a stopped clock, through its generated traits.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod audit;
mod get_fund;
mod harness;
mod ledger;
mod list_fund_entries;
mod list_my_payouts;
mod payouts;
mod record_entry;
mod wechat;
