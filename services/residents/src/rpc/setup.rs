use proto::residents::v1::{SetUpRequest, SetUpResponse, setup_service_server::SetupService};
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::{ops::set_up::set_up, wire};

#[tonic::async_trait]
impl SetupService for Rpc {
    async fn set_up(&self, request: Request<SetUpRequest>) -> Result<Response<SetUpResponse>, Status> {
        Ok(Response::new(wire::installed(&set_up(&self.0, wire::set_up(request.into_inner())).await?)))
    }
}
