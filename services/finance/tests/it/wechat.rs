//! Payouts by WeChat, against its other side: the whole way, and every way to fail.
mod cancels;
mod claims;
mod crashes;
mod failures;
mod journey;
mod notices;
mod rig;
