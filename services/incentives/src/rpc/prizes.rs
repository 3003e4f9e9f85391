use chassis::access::caller;
use proto::incentives::v1::{self, prize_service_server::PrizeService};
use tonic::{Request, Response, Status};

use crate::{Incentives, ops, wire};

/// What points can be exchanged for.
pub struct Prizes(pub Incentives);

#[tonic::async_trait]
impl PrizeService for Prizes {
    async fn list_prizes(
        &self,
        request: Request<v1::ListPrizesRequest>,
    ) -> Result<Response<v1::ListPrizesResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (prizes, next_page_token) = ops::list_prizes(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let prizes = prizes.into_iter().map(wire::prize).collect();
        Ok(Response::new(v1::ListPrizesResponse { prizes, next_page_token }))
    }
}
