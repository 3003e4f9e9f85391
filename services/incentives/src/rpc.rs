//! The RPC services.
mod awards;
mod months;
mod points;
mod prizes;
mod ranking;
mod redemptions;
mod rules;

pub use awards::Awards;
pub use months::Months;
pub use points::Points;
pub use prizes::Prizes;
pub use ranking::Ranking;
pub use redemptions::Redemptions;
pub use rules::EarningRules;
