use chassis::{
    access::{Caller, caller},
    faults::Fault,
};
use proto::incentives::v1::{self, redemption_service_server::RedemptionService};
use tonic::{Request, Response, Status};

use crate::{Incentives, Redemption, ops, wire};

/// Exchanging points for a prize.
pub struct Redemptions(pub Incentives);

impl Redemptions {
    fn answer(&self, caller: &Caller, redemption: Redemption) -> Result<v1::Redemption, Fault> {
        let code = ops::code_for(&self.0, caller, &redemption)?;
        Ok(wire::redemption(redemption, code))
    }
}

#[tonic::async_trait]
impl RedemptionService for Redemptions {
    async fn redeem(&self, request: Request<v1::RedeemRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, wanted) = (caller(&request)?, wire::wanted(request.get_ref())?);
        let redemption = ops::redeem(&self.0, &caller, wanted).await?;
        Ok(Response::new(self.answer(&caller, redemption)?))
    }

    async fn list_redemptions(
        &self,
        request: Request<v1::ListRedemptionsRequest>,
    ) -> Result<Response<v1::ListRedemptionsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (redemptions, next_page_token) =
            ops::list_redemptions(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let redemptions = redemptions.into_iter().map(|redemption| self.answer(&caller, redemption));
        let redemptions = redemptions.collect::<Result<_, _>>()?;
        Ok(Response::new(v1::ListRedemptionsResponse { redemptions, next_page_token }))
    }

    async fn cancel(&self, request: Request<v1::CancelRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, id) = (caller(&request)?, wire::id("redemption_id", &request.get_ref().redemption_id)?);
        let redemption = ops::cancel(&self.0, &caller, id).await?;
        Ok(Response::new(self.answer(&caller, redemption)?))
    }

    async fn hand_over(&self, request: Request<v1::HandOverRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, code) = (caller(&request)?, wire::code(&request.get_ref().code)?);
        let redemption = ops::hand_over(&self.0, &caller, &code).await?;
        Ok(Response::new(self.answer(&caller, redemption)?))
    }

    async fn take_back(&self, request: Request<v1::TakeBackRequest>) -> Result<Response<v1::Redemption>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let redemption_id = wire::id("redemption_id", &asked.redemption_id)?;
        let reason = wire::text("reason", &asked.reason, 2, 100)?;
        let redemption = ops::take_back(&self.0, &caller, redemption_id, (asked.restock, &reason)).await?;
        Ok(Response::new(self.answer(&caller, redemption)?))
    }
}
