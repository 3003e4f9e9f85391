//! The RPC services.
mod awards;
mod points;
mod prizes;
mod redemptions;
mod rules;

pub use awards::Awards;
pub use points::Points;
pub use prizes::Prizes;
pub use redemptions::Redemptions;
pub use rules::EarningRules;
