use chassis::access::caller;
use proto::incentives::v1::{self, points_service_server::PointsService};
use tonic::{Request, Response, Status};

use crate::{Incentives, ops, wire};

/// A member's points.
pub struct Points(pub Incentives);

#[tonic::async_trait]
impl PointsService for Points {
    async fn get_points(&self, request: Request<v1::GetPointsRequest>) -> Result<Response<v1::Points>, Status> {
        let as_of = wire::as_of(&request.get_ref().as_of)?;
        Ok(Response::new(wire::points(ops::get_points(&self.0, &caller(&request)?, as_of).await?)))
    }

    async fn estimate_points(
        &self,
        request: Request<v1::EstimatePointsRequest>,
    ) -> Result<Response<v1::PointsEstimate>, Status> {
        let estimate = ops::estimate_points(&self.0, &caller(&request)?, &request.get_ref().category_code).await?;
        Ok(Response::new(wire::estimate(estimate)))
    }

    async fn list_points_entries(
        &self,
        request: Request<v1::ListPointsEntriesRequest>,
    ) -> Result<Response<v1::ListPointsEntriesResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (entries, next_page_token) =
            ops::list_points_entries(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let entries = entries.into_iter().map(wire::entry).collect();
        Ok(Response::new(v1::ListPointsEntriesResponse { entries, next_page_token }))
    }
}
