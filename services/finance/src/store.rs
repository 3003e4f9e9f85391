//! Every statement, by the table it is about.
pub mod audit;
pub mod award_fund;
pub mod entry;
pub mod fund;
pub mod payout;
pub mod person;
pub mod transfer;
