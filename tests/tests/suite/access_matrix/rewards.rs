//! What members earn, and what the district decides about it.
use anyhow::Result;
use hemei_tests::{Answer, Client};
use serde_json::json;
use uuid::Uuid;

use super::world::Whose;

const RPCS: [(&str, &str); 30] = [
    ("RedemptionService/TakeBack", "/v1/redemptions/x:take_back"),
    ("RedemptionService/HandOverMany", "/v1/redemptions:hand_over_many"),
    ("PrizeService/PutPrize", "/v1/prizes/x"),
    ("PrizeService/ImportVoucherCodes", "/v1/prizes/x/voucher-codes"),
    ("PrizeService/WithdrawVoucherCodes", "/v1/prizes/x/voucher-codes:withdraw"),
    ("PrizeService/SupplyPoint", "/v1/prizes/x/points/{id}"),
    ("PrizeService/PutPickUpPoint", "/v1/pickup-points/x"),
    ("PrizeService/RecordStockTake", "/v1/prizes/x/stock-takes"),
    ("PayoutService/AddBudget", "/v1/award-fund:add"),
    ("PayoutService/PutAwardTax", "/v1/award-fund:tax"),
    ("PayoutService/ClaimPayout", "/v1/payouts/{id}:claim"),
    ("PayoutService/ExportBankFile", "/v1/payout-batches"),
    ("PayoutService/RecordBankResult", "/v1/payouts/x:bank_result"),
    ("PayoutService/PayInPerson", "/v1/payouts/x:pay_in_person"),
    ("PayoutService/CancelTransfer", "/v1/payouts/x:cancel_transfer"),
    ("PayoutService/ReturnPayout", "/v1/payouts/x:return"),
    ("PayoutService/OfferPayout", "/v1/payouts/x:offer"),
    ("MonthService/ApproveMonth", "/v1/months/x:approve"),
    ("MonthService/ReturnMonth", "/v1/months/x:return"),
    ("MonthService/PutCashAward", "/v1/months/x/awards"),
    ("MonthService/AppealMonth", "/v1/months/x/appeals"),
    ("MonthService/DecideMonthAppeal", "/v1/months/x/appeals/{id}:decide"),
    ("MonthService/PutMonthTerms", "/v1/month-terms"),
    ("RankingService/PutRankingProfile", "/v1/ranking-profile"),
    ("PointsService/GrantPoints", "/v1/points:grant"),
    ("PointsService/ReverseEntry", "/v1/points/entries/1-AVAILABLE:reverse"),
    ("EarningRuleService/PutEarningRules", "/v1/earning-rules"),
    ("EarningRuleService/SimulateEarningRules", "/v1/earning-rules:simulate"),
    ("AwardService/DecideAward", "/v1/awards/{id}:decide"),
    ("AwardService/AppealAward", "/v1/awards/{id}:appeal"),
];

pub fn knows(rpc: &str) -> bool {
    rpc == "MonthService/GetMonth"
        || rpc == "RedemptionService/GetRedemption"
        || rpc == "PointsService/ListMemberEntries"
        || RPCS.iter().any(|(known, _)| *known == rpc)
}

/// Another district's or person's points are not found: their own tests prove it row by row.
pub async fn ask(rpc: &str, me: &Client, whose: Whose) -> Result<Option<Answer>> {
    let id = Uuid::now_v7().to_string();
    // Nobody's redemption: to be refused for everybody, whatever the role; the owner's side is a journey.
    if rpc == "RedemptionService/GetRedemption" {
        let nobodys = whose != Whose::Own;
        return Ok(if nobodys { Some(me.get(&format!("/v1/redemptions/{id}")).await?) } else { None });
    }
    if whose != Whose::Own {
        return Ok(None);
    }
    if let Some((_, path)) = RPCS.iter().find(|(known, _)| *known == rpc) {
        return Ok(Some(me.post(&path.replace("{id}", &id), &json!({})).await?));
    }
    if rpc == "MonthService/GetMonth" {
        return Ok(Some(me.get("/v1/months/x").await?));
    }
    Ok(Some(me.get(&format!("/v1/members/{id}/points/entries")).await?))
}
