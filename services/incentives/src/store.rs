//! Every statement, by the table it is about.
pub mod award;
pub mod ledger;
pub mod place;
pub mod points;
pub mod prize;
pub mod redemption;
