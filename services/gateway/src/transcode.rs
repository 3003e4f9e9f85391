//! JSON ⇄ protobuf bytes, driven by a table compiled from the descriptors at start; no code per RPC.
//!
//! Out: scalars and lists are always there, unset messages, optional fields and enums are null. In: proto field names,
//! unknown fields refused, every fault with the path of its field.
pub mod parse;
pub mod read;
pub mod schema;
pub mod write;

pub use parse::{NotJson, parse};
pub use read::{Faults, body, parameter, repeats};
pub use schema::Schema;
pub use write::write;

#[cfg(test)]
mod tests;
