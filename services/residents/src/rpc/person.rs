use chassis::access::caller;
use proto::residents::v1::{
    AppointRequest, EndPostRequest, GetMeRequest, HeldPost, Person, person_service_server::PersonService,
};
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::{
    ops::{appoint::appoint, end_post::end_post, get_me::get_me},
    wire,
};

#[tonic::async_trait]
impl PersonService for Rpc {
    async fn get_me(&self, request: Request<GetMeRequest>) -> Result<Response<Person>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(wire::person(get_me(&self.0, caller.person_id, caller.district_id).await?)))
    }

    async fn appoint(&self, request: Request<AppointRequest>) -> Result<Response<HeldPost>, Status> {
        let caller = caller(&request)?;
        let asked = wire::appointment(request.into_inner())?;
        Ok(Response::new(wire::post(appoint(&self.0, caller.person_id, caller.district_id, asked).await?)))
    }

    async fn end_post(&self, request: Request<EndPostRequest>) -> Result<Response<HeldPost>, Status> {
        let caller = caller(&request)?;
        let post_id = wire::id("post_id", &request.into_inner().post_id)?;
        Ok(Response::new(wire::post(end_post(&self.0, caller.person_id, caller.district_id, post_id).await?)))
    }
}
