//! The other side of foreign systems, for the sandbox and for tests: it speaks their protocols, keeps their limits, shows what it
//! got, and can be told to fail as they do.
pub mod wechat;
mod wecom;

pub use wecom::{Mode, Received, WeCom, router};
