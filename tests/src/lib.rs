//! The suite as its users meet it: the real binary on a private database with demo data, driven through HTTP and JSON.
pub mod audit;
pub mod client;
pub mod feeds;
pub mod instance;
pub mod people;
pub mod retry;
pub mod tickets;

pub use client::{Answer, Client};
pub use instance::Instance;
pub use people::{Person, Role};
