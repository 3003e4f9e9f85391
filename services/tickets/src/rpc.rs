//! The gRPC services: each method is one line.
pub mod categories;
pub mod figures;
pub mod inbox;
pub mod precedents;
pub mod staff;
pub mod terms;
pub mod tickets;
