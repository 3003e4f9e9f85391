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
        let report = wire::rules::report(request.get_ref(), self.0.clock.now())?;
        let estimate = ops::estimate_points(&self.0, &caller(&request)?, report).await?;
        Ok(Response::new(wire::estimate(estimate)))
    }

    async fn list_points_actions(
        &self,
        request: Request<v1::ListPointsActionsRequest>,
    ) -> Result<Response<v1::ListPointsActionsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let subject = wire::text("subject", &asked.subject, 0, 100)?;
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token) = ops::list_points_actions(&self.0, &caller, &subject, page).await?;
        let actions = found.into_iter().map(wire::actions::action).collect();
        Ok(Response::new(v1::ListPointsActionsResponse { actions, next_page_token }))
    }

    async fn list_points_entries(
        &self,
        request: Request<v1::ListPointsEntriesRequest>,
    ) -> Result<Response<v1::ListPointsEntriesResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (entries, next_page_token) =
            ops::list_points_entries(&self.0, &caller, caller.person_id, asked.page_size, &asked.page_token).await?;
        let entries = entries.into_iter().map(wire::entry).collect();
        Ok(Response::new(v1::ListPointsEntriesResponse { entries, next_page_token }))
    }

    async fn get_statement(
        &self,
        request: Request<v1::GetStatementRequest>,
    ) -> Result<Response<v1::Statement>, Status> {
        let (caller, month) = (caller(&request)?, wire::rules::month(&request.get_ref().month)?);
        Ok(Response::new(wire::statement::statement(ops::get_statement(&self.0, &caller, month).await?)))
    }

    async fn list_member_entries(
        &self,
        request: Request<v1::ListMemberEntriesRequest>,
    ) -> Result<Response<v1::ListPointsEntriesResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let person = wire::id("person_id", &asked.person_id)?;
        let (entries, next_page_token) =
            ops::list_points_entries(&self.0, &caller, person, asked.page_size, &asked.page_token).await?;
        let entries = entries.into_iter().map(wire::entry).collect();
        Ok(Response::new(v1::ListPointsEntriesResponse { entries, next_page_token }))
    }

    async fn grant_points(
        &self,
        request: Request<v1::GrantPointsRequest>,
    ) -> Result<Response<v1::GrantPointsResponse>, Status> {
        let (caller, activity) = (caller(&request)?, wire::awards::activity(request.get_ref())?);
        let points = ops::grant_points(&self.0, &caller, &activity).await?;
        Ok(Response::new(v1::GrantPointsResponse { points }))
    }

    async fn reverse_entry(
        &self,
        request: Request<v1::ReverseEntryRequest>,
    ) -> Result<Response<v1::PointsEntry>, Status> {
        let (caller, wanted) = (caller(&request)?, wire::awards::correction(request.get_ref())?);
        Ok(Response::new(wire::entry(ops::reverse_entry(&self.0, &caller, &wanted).await?)))
    }
}
