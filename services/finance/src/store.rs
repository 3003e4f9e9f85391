//! Every statement, by the table it is about.
pub mod entry;
pub mod fund;
pub mod person;
