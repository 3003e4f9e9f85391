//! The RPC services.
mod points;
mod prizes;
mod redemptions;

pub use points::Points;
pub use prizes::Prizes;
pub use redemptions::Redemptions;
