//! Every statement of the schema `residents`, by noun.
pub mod audit;
pub mod department;
pub mod district;
pub mod installation;
pub mod person;
pub mod place;
pub mod post;
pub mod sandbox;
pub mod session;
pub mod setup;
