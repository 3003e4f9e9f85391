//! The service on a real PostgreSQL with a stopped clock, through its generated traits.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod as_of;
mod audit;
mod awards;
mod bank;
mod cancel;
mod corrections;
mod doubts;
mod expire;
mod hand_over;
mod harness;
mod import_prizes;
mod ledger;
mod lists;
mod lots;
mod month_end;
mod month_terms;
mod months;
mod ranking;
mod redeem;
mod rules;
mod shelf;
mod teller;
mod told_later;
mod voucher_codes;
mod vouchers;
mod whole;
