use chassis::access::caller;
use proto::incentives::v1::{self, redemption_service_server::RedemptionService};
use tonic::{Request, Response, Status};

use crate::{
    Incentives, ops,
    wire::{self, redemptions},
};

/// Exchanging points for a prize.
pub struct Redemptions(pub Incentives);

#[tonic::async_trait]
impl RedemptionService for Redemptions {
    async fn redeem(&self, request: Request<v1::RedeemRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, wanted) = (caller(&request)?, redemptions::wanted(request.get_ref())?);
        let redemption = ops::redeem(&self.0, &caller, wanted).await?;
        Ok(Response::new(redemptions::shown(&self.0, &caller, redemption)?))
    }

    async fn list_redemptions(
        &self,
        request: Request<v1::ListRedemptionsRequest>,
    ) -> Result<Response<v1::ListRedemptionsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (found, next_page_token) =
            ops::list_redemptions(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let listed = found.into_iter().map(|redemption| redemptions::redemption(&self.0, &caller, redemption));
        let redemptions = listed.collect::<Result<_, _>>()?;
        Ok(Response::new(v1::ListRedemptionsResponse { redemptions, next_page_token }))
    }

    async fn get_redemption(
        &self,
        request: Request<v1::GetRedemptionRequest>,
    ) -> Result<Response<v1::Redemption>, Status> {
        let (caller, id) = (caller(&request)?, wire::id("redemption_id", &request.get_ref().redemption_id)?);
        let redemption = ops::get_redemption(&self.0, &caller, id).await?;
        Ok(Response::new(redemptions::shown(&self.0, &caller, redemption)?))
    }

    async fn cancel(&self, request: Request<v1::CancelRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, id) = (caller(&request)?, wire::id("redemption_id", &request.get_ref().redemption_id)?);
        let redemption = ops::cancel(&self.0, &caller, id).await?;
        Ok(Response::new(redemptions::redemption(&self.0, &caller, redemption)?))
    }

    async fn hand_over(&self, request: Request<v1::HandOverRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, told) = (caller(&request)?, redemptions::hand_over(request.get_ref())?);
        let redemption = ops::hand_over(&self.0, &caller, &told).await?;
        Ok(Response::new(redemptions::redemption(&self.0, &caller, redemption)?))
    }

    async fn hand_over_many(
        &self,
        request: Request<v1::HandOverManyRequest>,
    ) -> Result<Response<v1::HandOverManyResponse>, Status> {
        let (caller, told) = (caller(&request)?, redemptions::hand_overs(request.get_ref())?);
        let outcomes = ops::hand_over_many(&self.0, &caller, told).await?;
        let items = request.into_inner().items.into_iter().zip(outcomes);
        let outcome = |(item, done): (v1::HandOverRequest, _)| redemptions::outcome(&self.0, &caller, item.code, done);
        Ok(Response::new(v1::HandOverManyResponse { outcomes: items.map(outcome).collect() }))
    }

    async fn take_back(&self, request: Request<v1::TakeBackRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let redemption_id = wire::id("redemption_id", &asked.redemption_id)?;
        let reason = wire::text("reason", &asked.reason, 2, 100)?;
        let redemption = ops::take_back(&self.0, &caller, redemption_id, (asked.restock, &reason)).await?;
        Ok(Response::new(redemptions::redemption(&self.0, &caller, redemption)?))
    }
}
