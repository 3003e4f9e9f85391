use proto::residents::v1::{
    ListSandboxPeopleRequest, ListSandboxPeopleResponse, sandbox_service_server::SandboxService,
};
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::{ops::list_sandbox_people::list_sandbox_people, wire};

#[tonic::async_trait]
impl SandboxService for Rpc {
    async fn list_sandbox_people(
        &self,
        request: Request<ListSandboxPeopleRequest>,
    ) -> Result<Response<ListSandboxPeopleResponse>, Status> {
        let people = list_sandbox_people(&self.0, request.into_inner().per_role).await?;
        Ok(Response::new(wire::sandbox_people(people)))
    }
}
