use chassis::access::caller;
use proto::incentives::v1::{self, month_service_server::MonthService};
use tonic::{Request, Response, Status};

use crate::{
    Incentives, ops, store,
    wire::{self, months},
};

/// The months and what their best bring.
pub struct Months(pub Incentives);

#[tonic::async_trait]
impl MonthService for Months {
    async fn list_months(
        &self,
        request: Request<v1::ListMonthsRequest>,
    ) -> Result<Response<v1::ListMonthsResponse>, Status> {
        let caller = caller(&request)?;
        let closed = store::month::list(&self.0.pool, caller.district_id, None).await;
        let closed = closed.map_err(chassis::faults::Fault::from)?;
        Ok(Response::new(v1::ListMonthsResponse { months: closed.into_iter().map(months::month).collect() }))
    }

    async fn get_month(&self, request: Request<v1::GetMonthRequest>) -> Result<Response<v1::Month>, Status> {
        let (caller, month) = (caller(&request)?, months::named(&request.get_ref().month)?);
        let seen = ops::get_month(&self.0, &caller, month).await?;
        Ok(Response::new(months::seen(seen, caller.person_id)))
    }

    async fn approve_month(&self, request: Request<v1::ApproveMonthRequest>) -> Result<Response<v1::Month>, Status> {
        let (caller, month) = (caller(&request)?, months::named(&request.get_ref().month)?);
        let seen = ops::approve_month(&self.0, &caller, month).await?;
        Ok(Response::new(months::seen(seen, caller.person_id)))
    }

    async fn return_month(&self, request: Request<v1::ReturnMonthRequest>) -> Result<Response<v1::Month>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (month, version) = (months::named(&asked.month)?, months::version(asked.version)?);
        let reason = wire::text("reason", &asked.reason, 2, 200)?;
        let seen = ops::return_month(&self.0, &caller, month, (version, &reason)).await?;
        Ok(Response::new(months::seen(seen, caller.person_id)))
    }

    async fn put_cash_award(&self, request: Request<v1::PutCashAwardRequest>) -> Result<Response<v1::Month>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (month, award) = (months::named(&asked.month)?, months::award(asked)?);
        let reason = wire::text("reason", &asked.reason, 2, 200)?;
        let seen = ops::put_cash_award(&self.0, &caller, month, award, &reason).await?;
        Ok(Response::new(months::seen(seen, caller.person_id)))
    }

    async fn appeal_month(
        &self,
        request: Request<v1::AppealMonthRequest>,
    ) -> Result<Response<v1::MonthAppeal>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (month, appeal_id) = (months::named(&asked.month)?, wire::id("appeal_id", &asked.appeal_id)?);
        let text = wire::text("text", &asked.text, 2, 500)?;
        Ok(Response::new(months::appeal(ops::appeal_month(&self.0, &caller, month, (appeal_id, &text)).await?)))
    }

    async fn decide_month_appeal(
        &self,
        request: Request<v1::DecideMonthAppealRequest>,
    ) -> Result<Response<v1::MonthAppeal>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (month, appeal_id) = (months::named(&asked.month)?, wire::id("appeal_id", &asked.appeal_id)?);
        let answer = wire::text("answer", &asked.answer, 2, 500)?;
        let verdict = (asked.accepted, answer.as_str());
        let appeal = ops::decide_month_appeal(&self.0, &caller, month, appeal_id, verdict).await?;
        Ok(Response::new(months::appeal(appeal)))
    }

    async fn get_month_terms(
        &self,
        request: Request<v1::GetMonthTermsRequest>,
    ) -> Result<Response<v1::MonthTerms>, Status> {
        let terms = ops::get_month_terms(&self.0, &caller(&request)?).await?;
        Ok(Response::new(months::told_terms(terms)))
    }

    async fn put_month_terms(&self, request: Request<v1::MonthTerms>) -> Result<Response<v1::MonthTerms>, Status> {
        let caller = caller(&request)?;
        let edited = months::terms(request.into_inner())?;
        Ok(Response::new(months::told_terms(ops::put_month_terms(&self.0, &caller, edited).await?)))
    }
}
