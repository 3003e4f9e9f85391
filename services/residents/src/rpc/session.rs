use chassis::{access::caller, client::CLIENT_ADDRESS};
use proto::residents::v1::{
    RefreshRequest, RequestCodeRequest, RequestCodeResponse, Session, SignInRequest, SignOutRequest, SignOutResponse,
    session_service_server::SessionService,
};
use tonic::{Request, Response, Status, metadata::MetadataMap};

use super::Rpc;
use crate::{
    ops::{refresh::refresh, request_code::request_code, sign_in::sign_in, sign_out::sign_out},
    wire,
};

/// Where the request came from.
fn address(metadata: &MetadataMap) -> Option<&str> {
    metadata.get(CLIENT_ADDRESS).and_then(|value| value.to_str().ok())
}

#[tonic::async_trait]
impl SessionService for Rpc {
    async fn request_code(
        &self,
        request: Request<RequestCodeRequest>,
    ) -> Result<Response<RequestCodeResponse>, Status> {
        let sent = request_code(&self.0, &request.get_ref().phone, address(request.metadata())).await?;
        Ok(Response::new(wire::code_sent(&sent)))
    }

    async fn sign_in(&self, request: Request<SignInRequest>) -> Result<Response<Session>, Status> {
        let (metadata, _, asked) = request.into_parts();
        let district_id = wire::optional_id("district_id", asked.district_id.as_deref())?;
        let signed_in = sign_in(&self.0, &asked.phone, &asked.code, district_id, address(&metadata)).await?;
        Ok(Response::new(wire::session(signed_in)))
    }

    async fn refresh(&self, request: Request<RefreshRequest>) -> Result<Response<Session>, Status> {
        Ok(Response::new(wire::session(refresh(&self.0, &request.into_inner().refresh_token).await?)))
    }

    async fn sign_out(&self, request: Request<SignOutRequest>) -> Result<Response<SignOutResponse>, Status> {
        let (caller, everywhere) = (caller(&request)?, request.get_ref().everywhere);
        let ended = sign_out(&self.0, caller.person_id, caller.session_id, everywhere).await?;
        Ok(Response::new(SignOutResponse { ended: i32::try_from(ended).unwrap_or(i32::MAX) }))
    }
}
