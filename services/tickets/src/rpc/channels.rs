//! Groups and what they are told.
use std::sync::Arc;

use proto::tickets::v1::{
    Channel, GetShareCardRequest, ListChannelsRequest, ListChannelsResponse, ListWordingsRequest, ListWordingsResponse,
    PutChannelRequest, PutWordingRequest, ShareCard, Wording, channel_service_server::ChannelService,
};
use tonic::{Request, Response, Status};

use crate::{
    channels::Channels,
    ops,
    wire::{self, channel},
};

/// Answers groups.
pub struct ChannelRpc(pub Arc<Channels>);

#[tonic::async_trait]
impl ChannelService for ChannelRpc {
    async fn list_channels(
        &self,
        request: Request<ListChannelsRequest>,
    ) -> Result<Response<ListChannelsResponse>, Status> {
        let (caller, asked) = (self.0.tickets.caller(&request)?, request.get_ref());
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token) = ops::list_channels(&self.0, &caller, page).await?;
        let channels = found.into_iter().map(|one| channel::channel(&self.0, one)).collect();
        Ok(Response::new(ListChannelsResponse { channels, next_page_token }))
    }

    async fn put_channel(&self, request: Request<PutChannelRequest>) -> Result<Response<Channel>, Status> {
        let caller = self.0.tickets.caller(&request)?;
        let made = ops::put_channel(&self.0, &caller, channel::asked(request.into_inner())?).await?;
        Ok(Response::new(channel::channel(&self.0, made)))
    }

    async fn list_wordings(
        &self,
        request: Request<ListWordingsRequest>,
    ) -> Result<Response<ListWordingsResponse>, Status> {
        let list = ops::list_wordings(&self.0, &self.0.tickets.caller(&request)?).await?;
        let wordings = list.into_iter().map(channel::wording).collect();
        Ok(Response::new(ListWordingsResponse { wordings, next_page_token: String::new() }))
    }

    async fn put_wording(&self, request: Request<PutWordingRequest>) -> Result<Response<Wording>, Status> {
        let caller = self.0.tickets.caller(&request)?;
        let wording = ops::put_wording(&self.0, &caller, channel::new_wording(request.into_inner())?).await?;
        Ok(Response::new(channel::wording(wording)))
    }

    async fn get_share_card(&self, request: Request<GetShareCardRequest>) -> Result<Response<ShareCard>, Status> {
        let caller = self.0.tickets.caller(&request)?;
        let id = wire::id("ticket_id", &request.get_ref().ticket_id)?;
        let (title, text) = ops::get_share_card(&self.0, &caller, id).await?;
        Ok(Response::new(ShareCard { title, text }))
    }
}
