//! One operation a file.
mod get_fund;
mod list_fund_entries;
mod record_entry;

pub use get_fund::get_fund;
pub use list_fund_entries::list_fund_entries;
pub use record_entry::record_entry;
