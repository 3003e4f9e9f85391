//! The RPC services.
mod funds;
mod payouts;

pub use funds::Funds;
pub use payouts::Payouts;
