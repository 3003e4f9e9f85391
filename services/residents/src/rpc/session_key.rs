use proto::api::v1::{
    ListSessionKeysRequest, ListSessionKeysResponse, list_session_keys_response::Key,
    session_key_service_server::SessionKeyService,
};
use tonic::{Request, Response, Status};

use super::Rpc;

#[tonic::async_trait]
impl SessionKeyService for Rpc {
    async fn list_session_keys(
        &self,
        _: Request<ListSessionKeysRequest>,
    ) -> Result<Response<ListSessionKeysResponse>, Status> {
        let keys = self.0.signer.public_keys().into_iter();
        let keys = keys.map(|(key_id, public)| Key { key_id, public_key: public.to_vec() }).collect();
        Ok(Response::new(ListSessionKeysResponse { keys }))
    }
}
