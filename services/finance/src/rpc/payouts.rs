use chassis::access::caller;
use proto::finance::v1::{self, payout_service_server::PayoutService};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{Finance, ops, payout::Move, wire};

/// What the best of a month are paid.
pub struct Payouts(pub Finance);

type Answer<T> = Result<Response<T>, Status>;

impl Payouts {
    async fn go<T>(&self, request: &Request<T>, payout_id: Uuid, wanted: &Move) -> Answer<v1::Payout> {
        let payout = ops::move_payout(&self.0, &caller(request)?, payout_id, wanted).await?;
        Ok(Response::new(wire::payouts::payout(&self.0, payout)?))
    }
}

#[tonic::async_trait]
impl PayoutService for Payouts {
    async fn get_award_fund(&self, request: Request<v1::GetAwardFundRequest>) -> Answer<v1::AwardFund> {
        let fund = ops::get_award_fund(&self.0, &caller(&request)?).await?;
        Ok(Response::new(wire::payouts::fund(fund)))
    }

    async fn add_budget(&self, request: Request<v1::AddBudgetRequest>) -> Answer<v1::AwardFund> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (entry_id, amount_fen, text) = wire::payouts::budget(asked)?;
        let fund = ops::add_budget(&self.0, &caller, (entry_id, amount_fen, &text)).await?;
        Ok(Response::new(wire::payouts::fund(fund)))
    }

    async fn put_award_tax(&self, request: Request<v1::PutAwardTaxRequest>) -> Answer<v1::AwardFund> {
        let (caller, tax_percent) = (caller(&request)?, wire::payouts::tax(request.get_ref())?);
        let fund = ops::put_award_tax(&self.0, &caller, tax_percent).await?;
        Ok(Response::new(wire::payouts::fund(fund)))
    }

    async fn list_payouts(&self, request: Request<v1::ListPayoutsRequest>) -> Answer<v1::ListPayoutsResponse> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (state, page) = (wire::payouts::state(asked.state())?, (asked.page_size, asked.page_token.as_str()));
        let (payouts, next_page_token) = ops::list_payouts(&self.0, &caller, state, page).await?;
        Ok(Response::new(wire::payouts::list(&self.0, payouts, next_page_token)?))
    }

    async fn list_my_payouts(&self, request: Request<v1::ListMyPayoutsRequest>) -> Answer<v1::ListPayoutsResponse> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let page = (asked.page_size, asked.page_token.as_str());
        let (payouts, next_page_token) = ops::list_my_payouts(&self.0, &caller, page).await?;
        Ok(Response::new(wire::payouts::own_list(&self.0, payouts, next_page_token)?))
    }

    async fn claim_payout(&self, request: Request<v1::ClaimPayoutRequest>) -> Answer<v1::Payout> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (payout_id, claim) = (wire::id("payout_id", &asked.payout_id)?, wire::payouts::claim(asked)?);
        let payout = ops::claim_payout(&self.0, &caller, payout_id, &claim).await?;
        Ok(Response::new(wire::payouts::own(&self.0, payout)?))
    }

    async fn export_bank_file(&self, request: Request<v1::ExportBankFileRequest>) -> Answer<v1::BankFile> {
        let (caller, batch_id) = (caller(&request)?, wire::id("batch_id", &request.get_ref().batch_id)?);
        Ok(Response::new(wire::payouts::file(ops::export_bank_file(&self.0, &caller, batch_id).await?)))
    }

    async fn record_bank_result(&self, request: Request<v1::RecordBankResultRequest>) -> Answer<v1::Payout> {
        let asked = request.get_ref();
        let (payout_id, result) = (wire::id("payout_id", &asked.payout_id)?, wire::payouts::result(asked)?);
        self.go(&request, payout_id, &result).await
    }

    async fn pay_in_person(&self, request: Request<v1::PayInPersonRequest>) -> Answer<v1::Payout> {
        let asked = request.get_ref();
        let signature_media_id = wire::id("signature_media_id", &asked.signature_media_id)?;
        let payout_id = wire::id("payout_id", &asked.payout_id)?;
        self.go(&request, payout_id, &Move::PaidInPerson { signature_media_id }).await
    }

    async fn return_payout(&self, request: Request<v1::ReturnPayoutRequest>) -> Answer<v1::Payout> {
        let asked = request.get_ref();
        let reason = wire::payouts::reason(&asked.reason)?;
        let payout_id = wire::id("payout_id", &asked.payout_id)?;
        self.go(&request, payout_id, &Move::Returned { reason }).await
    }

    async fn cancel_transfer(&self, request: Request<v1::CancelTransferRequest>) -> Answer<v1::Payout> {
        let asked = request.get_ref();
        let payout_id = wire::id("payout_id", &asked.payout_id)?;
        let reason = if asked.reason.is_empty() { String::new() } else { wire::payouts::reason(&asked.reason)? };
        let payout = ops::cancel_transfer(&self.0, &caller(&request)?, payout_id, &reason).await?;
        Ok(Response::new(wire::payouts::payout(&self.0, payout)?))
    }

    async fn offer_payout(&self, request: Request<v1::OfferPayoutRequest>) -> Answer<v1::Payout> {
        let payout_id = wire::id("payout_id", &request.get_ref().payout_id)?;
        self.go(&request, payout_id, &Move::Offered).await
    }
}
