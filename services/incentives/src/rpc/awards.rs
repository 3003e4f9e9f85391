use chassis::access::caller;
use proto::incentives::v1::{self, award_service_server::AwardService};
use tonic::{Request, Response, Status};

use crate::{Incentives, ops, wire};

/// What reports earned.
pub struct Awards(pub Incentives);

#[tonic::async_trait]
impl AwardService for Awards {
    async fn list_awards(
        &self,
        request: Request<v1::ListAwardsRequest>,
    ) -> Result<Response<v1::ListAwardsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (awards, next_page_token) = ops::list_awards(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let awards = awards.into_iter().map(wire::awards::award).collect();
        Ok(Response::new(v1::ListAwardsResponse { awards, next_page_token }))
    }

    async fn list_doubted_awards(
        &self,
        request: Request<v1::ListAwardsRequest>,
    ) -> Result<Response<v1::ListAwardsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (awards, next_page_token) =
            ops::list_doubted_awards(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let awards = awards.into_iter().map(wire::awards::award).collect();
        Ok(Response::new(v1::ListAwardsResponse { awards, next_page_token }))
    }

    async fn decide_award(&self, request: Request<v1::DecideAwardRequest>) -> Result<Response<v1::Award>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (which, verdict) = (wire::awards::which(&asked.ticket_id, &asked.rule)?, wire::awards::verdict(asked)?);
        let award = ops::decide_award(&self.0, &caller, &which, &verdict).await?;
        Ok(Response::new(wire::awards::award((award, Vec::new()))))
    }

    async fn appeal_award(&self, request: Request<v1::AppealAwardRequest>) -> Result<Response<v1::Award>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let which = wire::awards::which(&asked.ticket_id, &asked.rule)?;
        let text = wire::text("text", &asked.text, 2, 500)?;
        let award = ops::appeal_award(&self.0, &caller, &which, &text).await?;
        Ok(Response::new(wire::awards::award((award, Vec::new()))))
    }
}
