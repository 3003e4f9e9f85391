//! One operation a file.
mod appeal_award;
mod appeal_month;
mod approve_month;
mod cancel;
mod decide_award;
mod estimate_points;
mod get_earning_rules;
mod get_month;
mod get_points;
mod get_ranking;
mod get_redemption;
mod get_statement;
mod grant_points;
mod hand_over;
mod hand_over_many;
mod import_prizes;
mod import_voucher_codes;
mod import_vouchers;
mod list_awards;
mod list_pickup_points;
mod list_points_actions;
mod list_points_entries;
mod list_prizes;
mod list_redemptions;
mod put_cash_award;
mod put_earning_rules;
mod put_month_terms;
mod put_pickup_point;
mod put_prize;
mod put_ranking_profile;
mod record_stock_take;
mod redeem;
mod return_month;
mod reverse_entry;
mod simulate_earning_rules;
mod supply_point;
mod take_back;
mod withdraw_voucher_codes;

pub use appeal_award::appeal_award;
pub use appeal_month::{appeal_month, decide_month_appeal};
pub use approve_month::approve_month;
pub use cancel::cancel;
pub use decide_award::decide_award;
pub use estimate_points::{Estimate, estimate_points};
pub use get_earning_rules::get_earning_rules;
pub use get_month::{MonthSeen, get_month};
pub use get_points::{Held, get_points};
pub use get_ranking::{Ranking, get_ranking};
pub use get_redemption::get_redemption;
pub use get_statement::{Statement, get_statement};
pub use grant_points::grant_points;
pub use hand_over::hand_over;
pub use hand_over_many::{MOST as HAND_OVER_MOST, hand_over_many};
pub use import_prizes::import_prizes;
pub use import_voucher_codes::import_voucher_codes;
pub use import_vouchers::import_vouchers;
pub use list_awards::{Evidenced, list_awards, list_doubted_awards};
pub use list_pickup_points::list_pickup_points;
pub use list_points_actions::list_points_actions;
pub use list_points_entries::list_points_entries;
pub use list_prizes::list_prizes;
pub use list_redemptions::list_redemptions;
pub use put_cash_award::put_cash_award;
pub use put_earning_rules::put_earning_rules;
pub use put_month_terms::{get_month_terms, put_month_terms};
pub use put_pickup_point::put_pickup_point;
pub use put_prize::put_prize;
pub use put_ranking_profile::put_ranking_profile;
pub use record_stock_take::{Counted, record_stock_take};
pub use redeem::redeem;
pub use return_month::return_month;
pub use reverse_entry::reverse_entry;
pub use simulate_earning_rules::{Simulation, simulate_earning_rules};
pub use supply_point::supply_point;
pub use take_back::take_back;
pub use withdraw_voucher_codes::withdraw_voucher_codes;

use chassis::{access::Caller, faults::Fault, telemetry};

use crate::{Incentives, Redemption, State, prize::Kind, redemption::CODE, store::redemption::Asked, voucher};

fn asked(state: &Incentives, caller: &Caller) -> Asked {
    let (district_id, person_id, role) = (caller.district_id, caller.person_id, caller.role.as_str_name());
    Asked { district_id, person_id, role, now: state.clock.now(), traceparent: telemetry::traceparent_of_current() }
}

/// The code of a reservation or voucher, for its member only; empty once a reservation is over.
pub fn code_for(state: &Incentives, caller: &Caller, redemption: &Redemption) -> Result<String, Fault> {
    if redemption.person_id != caller.person_id {
        return Ok(String::new());
    }
    match redemption.kind {
        Kind::Voucher => Ok(state.vault.open(voucher::CODE, &redemption.code_sealed)?),
        Kind::Goods if redemption.state_at(state.clock.now()) == State::Reserved => {
            Ok(state.vault.open(CODE, &redemption.code_sealed)?)
        }
        Kind::Goods => Ok(String::new()),
    }
}
