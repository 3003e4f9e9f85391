//! One operation a file.
use chassis::access::Caller;

use crate::{Finance, store::audit::Actor};

mod award_fund;
mod cancel_transfer;
mod claim_payout;
mod export_bank_file;
mod get_fund;
mod hear_transfer;
mod list_fund_actions;
mod list_fund_entries;
mod order_payouts;
mod payouts;
mod record_entry;

pub use award_fund::{add_budget, get_award_fund, put_award_tax};
pub use cancel_transfer::cancel_transfer;
pub use claim_payout::claim_payout;
pub use export_bank_file::export_bank_file;
pub use get_fund::get_fund;
pub use hear_transfer::hear_transfer;
pub use list_fund_actions::list_fund_actions;
pub use list_fund_entries::list_fund_entries;
pub use order_payouts::order_payouts;
pub use payouts::{list_my_payouts, list_payouts, move_payout};
pub use record_entry::record_entry;

/// The caller as one of the staff who acts now.
fn actor(state: &Finance, caller: &Caller) -> Actor {
    let (district_id, person_id) = (caller.district_id, caller.person_id);
    Actor { district_id, person_id, role: caller.role.as_str_name(), at: state.clock.now() }
}
