//! The gRPC services: each method is one line.
pub mod casework;
pub mod categories;
pub mod channels;
pub mod figures;
pub mod inbox;
pub mod precedents;
pub mod staff;
pub mod terms;
pub mod tickets;
