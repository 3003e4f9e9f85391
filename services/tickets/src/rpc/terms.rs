//! What a district decides for itself.
use std::sync::Arc;

use chassis::access::{caller, if_match};
use proto::tickets::v1::{
    CancelDutyRequest, Duty, GetTermsRequest, ListCalendarDaysRequest, ListCalendarDaysResponse, ListDutiesRequest,
    ListDutiesResponse, PutCalendarDaysRequest, PutCalendarDaysResponse, PutDutyRequest, PutTermsRequest, Terms,
    terms_service_server::TermsService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops,
    wire::{self, terms},
};

/// Answers the terms of a district.
pub struct TermsRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl TermsService for TermsRpc {
    async fn get_terms(&self, request: Request<GetTermsRequest>) -> Result<Response<Terms>, Status> {
        Ok(Response::new(terms::terms(&*ops::get_terms(&self.0, &caller(&request)?).await?)))
    }

    async fn put_terms(&self, request: Request<PutTermsRequest>) -> Result<Response<Terms>, Status> {
        let (caller, if_match) = (caller(&request)?, if_match(&request)?);
        let own = terms::own_terms(request.get_ref())?;
        Ok(Response::new(terms::terms(&*ops::put_terms(&self.0, &caller, own, if_match).await?)))
    }

    async fn list_calendar_days(
        &self,
        request: Request<ListCalendarDaysRequest>,
    ) -> Result<Response<ListCalendarDaysResponse>, Status> {
        let days = ops::list_calendar_days(&self.0, &caller(&request)?, request.get_ref().year).await?;
        let days = days.into_iter().map(terms::day).collect();
        Ok(Response::new(ListCalendarDaysResponse { days, next_page_token: String::new() }))
    }

    async fn put_calendar_days(
        &self,
        request: Request<PutCalendarDaysRequest>,
    ) -> Result<Response<PutCalendarDaysResponse>, Status> {
        let days = terms::days(&request.get_ref().days)?;
        let days = ops::put_calendar_days(&self.0, &caller(&request)?, days).await?;
        Ok(Response::new(PutCalendarDaysResponse { days: days.into_iter().map(terms::day).collect() }))
    }

    async fn list_duties(&self, request: Request<ListDutiesRequest>) -> Result<Response<ListDutiesResponse>, Status> {
        let asked = request.get_ref();
        let page = (asked.page_size, asked.page_token.as_str());
        let since = terms::since(&asked.from_at)?;
        let (duties, next_page_token) = ops::list_duties(&self.0, &caller(&request)?, since, page).await?;
        Ok(Response::new(ListDutiesResponse { duties: duties.into_iter().map(terms::duty).collect(), next_page_token }))
    }

    async fn put_duty(&self, request: Request<PutDutyRequest>) -> Result<Response<Duty>, Status> {
        let new = terms::new_duty(request.get_ref())?;
        Ok(Response::new(terms::duty(ops::put_duty(&self.0, &caller(&request)?, new).await?)))
    }

    async fn cancel_duty(&self, request: Request<CancelDutyRequest>) -> Result<Response<Duty>, Status> {
        let id = wire::id("duty_id", &request.get_ref().duty_id)?;
        Ok(Response::new(terms::duty(ops::cancel_duty(&self.0, &caller(&request)?, id).await?)))
    }
}
