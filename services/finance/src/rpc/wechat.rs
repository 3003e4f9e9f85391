use proto::finance::v1::{HearTransferRequest, HearTransferResponse, wechat_service_server::WechatService};
use tonic::{Request, Response, Status};

use crate::{Finance, ops, wire};

/// What WeChat Pay calls back with.
pub struct Wechat(pub Finance);

#[tonic::async_trait]
impl WechatService for Wechat {
    async fn hear_transfer(
        &self,
        request: Request<HearTransferRequest>,
    ) -> Result<Response<HearTransferResponse>, Status> {
        let (headers, body) = wire::wechat::notice(request.into_inner());
        ops::hear_transfer(&self.0, &headers, &body).await?;
        Ok(Response::new(HearTransferResponse {}))
    }
}
