//! The RPC services.
mod funds;
mod payouts;
mod wechat;

pub use funds::Funds;
pub use payouts::Payouts;
pub use wechat::Wechat;
