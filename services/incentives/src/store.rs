//! Every statement, by the table it is about.
pub mod award;
pub mod correction;
pub mod ledger;
pub mod lot;
pub mod member;
pub mod month;
pub mod month_appeal;
pub mod place;
pub mod points;
pub mod prize;
pub mod redemption;
pub mod rules;
pub mod score;
pub mod shelf;
pub mod signal;
pub mod ticket;
pub mod verdict;
