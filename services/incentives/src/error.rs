//! Why this service refuses.
use std::time::Duration;

use chassis::faults::Fault;
use tonic::Code;

use crate::State;

/// A refusal with what its texts name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no active prize of this id in the caller's district")]
    PrizeNotFound,
    #[error("only {stock} in stock")]
    OutOfStock { stock: i64 },
    #[error("{available} points available, {missing} more needed")]
    PointsInsufficient { available: i64, missing: i64 },
    #[error("redemption_id was used before with another body")]
    IdReused,
    #[error("no place of this id in the caller's district")]
    PlaceNotFound,
    /// Which field named it.
    #[error("no redemption of this id or code in the caller's district")]
    RedemptionNotFound(&'static str),
    #[error("the redemption is {0:?}")]
    RedemptionEnded(State),
    #[error("the redemption belongs to another person")]
    NotYours,
    #[error("nobody hands over what they redeemed themself")]
    OwnRedemption,
    #[error("the pick-up point lies outside the caller's places")]
    NotYourPickupPoint { pickup_place: String },
    #[error("no transfer of this id in the caller's district")]
    EntryNotFound,
    #[error("a transfer of kind {kind} is not undone by its opposite")]
    EntryNotReversible { kind: String },
    #[error("nobody decides about their own points")]
    OwnPoints,
    #[error("the district has no rules of this version")]
    RulesNotFound,
    #[error("version {version} is not the latest any more")]
    RulesChanged { version: i32 },
    #[error("no award for this ticket and rule")]
    AwardNotFound,
    #[error("the award waits for no decision")]
    AwardDecided,
    #[error("another person than the first decides an appeal")]
    SecondPersonRequired,
    #[error("only an award that a person made void within 30 days can be appealed, once")]
    AppealNotPossible,
    #[error("no closed month of this name in the caller's district")]
    MonthNotFound,
    #[error("the month does not stand where this is possible")]
    MonthMoved,
    #[error("nobody has this rank in the month")]
    RankNotFound,
    #[error("no appeal of this id in the month")]
    AppealNotFound,
    #[error("the appeal was answered before")]
    AppealDecided,
    #[error("a member may redeem {limit} of this prize in a month")]
    PrizeLimit { limit: i32 },
    #[error("{reserved} pieces are reserved")]
    StockBelowReserved { reserved: i64 },
    #[error("a voucher is given for good")]
    VoucherGiven,
    #[error("the codes of a voucher are its stock")]
    VoucherNotCounted,
    #[error("the prize is no voucher")]
    NoVoucher,
    /// Which codes, counted from 0, and of which prize.
    #[error("a code belongs to one prize of its shop: {} are another's", .0.len())]
    VoucherElsewhere(Vec<(i32, String)>),
    #[error("the hold ran out and its points went back: {missing} are missing now")]
    LatePointsMissing { missing: i64 },
    #[error("the hold ran out and its pieces went back: only {stock} in stock now")]
    LateStockMissing { stock: i64 },
    #[error("too many codes entered")]
    CodeTooOften { wait: Duration },
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::PrizeNotFound => Fault::not_found("PRIZE_NOT_FOUND", &detail).at_field("prize_id", detail),
            Refusal::PlaceNotFound => Fault::not_found("PLACE_NOT_FOUND", &detail).at_field("place_id", detail),
            Refusal::OutOfStock { stock } => Fault::conflict("OUT_OF_STOCK", detail).fact("stock", stock),
            Refusal::PointsInsufficient { available, missing } => {
                let fault = Fault::conflict("POINTS_INSUFFICIENT", detail);
                fault.fact("available", available).fact("missing", missing)
            }
            Refusal::IdReused => Fault::id_reused("redemption_id"),
            Refusal::RedemptionNotFound(field) => {
                Fault::not_found("REDEMPTION_NOT_FOUND", &detail).at_field(field, detail)
            }
            Refusal::RedemptionEnded(state) => {
                let fault = Fault::conflict("REDEMPTION_ENDED", detail);
                fault.fact("state", state.code()).fact("state_zh", state.chinese())
            }
            Refusal::NotYours => Fault::denied("NOT_YOURS", detail),
            Refusal::OwnRedemption => Fault::denied("OWN_REDEMPTION", detail),
            Refusal::NotYourPickupPoint { pickup_place } => {
                Fault::denied("NOT_YOUR_PICKUP_POINT", detail).fact("pickup_place", pickup_place)
            }
            Refusal::EntryNotFound => Fault::not_found("ENTRY_NOT_FOUND", &detail).at_field("entry_id", detail),
            Refusal::EntryNotReversible { kind } => Fault::conflict("ENTRY_NOT_REVERSIBLE", detail).fact("kind", kind),
            Refusal::OwnPoints => Fault::denied("OWN_POINTS", detail),
            Refusal::RulesNotFound => Fault::not_found("RULES_NOT_FOUND", &detail).at_field("version", detail),
            Refusal::RulesChanged { version } => Fault::conflict("RULES_CHANGED", detail).fact("version", version),
            Refusal::AwardNotFound => Fault::not_found("AWARD_NOT_FOUND", &detail).at_field("ticket_id", detail),
            Refusal::AwardDecided => Fault::conflict("AWARD_DECIDED", detail),
            Refusal::SecondPersonRequired => Fault::denied("SECOND_PERSON_REQUIRED", detail),
            Refusal::AppealNotPossible => Fault::conflict("APPEAL_NOT_POSSIBLE", detail),
            Refusal::MonthNotFound => Fault::not_found("MONTH_NOT_FOUND", &detail).at_field("month", detail),
            Refusal::MonthMoved => Fault::conflict("MONTH_MOVED", detail),
            Refusal::RankNotFound => Fault::not_found("RANK_NOT_FOUND", &detail).at_field("rank", detail),
            Refusal::AppealNotFound => Fault::not_found("APPEAL_NOT_FOUND", &detail).at_field("appeal_id", detail),
            Refusal::AppealDecided => Fault::conflict("APPEAL_DECIDED", detail),
            Refusal::PrizeLimit { limit } => Fault::conflict("PRIZE_LIMIT", detail).fact("limit", limit),
            Refusal::StockBelowReserved { reserved } => {
                Fault::conflict("STOCK_BELOW_RESERVED", detail).fact("reserved", reserved)
            }
            Refusal::VoucherGiven => Fault::conflict("VOUCHER_GIVEN", detail),
            Refusal::VoucherNotCounted => Fault::conflict("VOUCHER_NOT_COUNTED", detail),
            Refusal::NoVoucher => Fault::conflict("PRIZE_NOT_VOUCHER", detail),
            Refusal::VoucherElsewhere(codes) => {
                let fault = Fault::conflict("VOUCHER_ELSEWHERE", detail);
                codes.iter().fold(fault, |fault, (at, prize)| {
                    fault.at_field(format!("codes[{at}]"), format!("is a code of the prize “{prize}”"))
                })
            }
            Refusal::LatePointsMissing { missing } => {
                Fault::conflict("LATE_POINTS_MISSING", detail).fact("missing", missing)
            }
            Refusal::LateStockMissing { stock } => Fault::conflict("LATE_STOCK_MISSING", detail).fact("stock", stock),
            Refusal::CodeTooOften { wait } => {
                let fault = Fault::new(Code::ResourceExhausted, "CODE_TOO_OFTEN", detail);
                fault.fact("seconds", wait.as_secs().max(1)).retry_after(wait)
            }
        }
    }
}
