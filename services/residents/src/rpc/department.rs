use chassis::access::caller;
use proto::residents::v1::{
    ListDepartmentsRequest, ListDepartmentsResponse, department_service_server::DepartmentService,
};
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::{ops::list_departments::list_departments, wire};

#[tonic::async_trait]
impl DepartmentService for Rpc {
    async fn list_departments(
        &self,
        request: Request<ListDepartmentsRequest>,
    ) -> Result<Response<ListDepartmentsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let page = list_departments(&self.0, caller.district_id, asked.page_size, &asked.page_token).await?;
        Ok(Response::new(wire::departments(page)))
    }
}
