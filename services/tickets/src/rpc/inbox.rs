//! Following along.
use std::sync::Arc;

use proto::tickets::v1::{
    GetTimelineRequest, ListInboxRequest, ListInboxResponse, MarkReadRequest, MarkReadResponse, Timeline,
    inbox_service_server::InboxService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops,
    wire::{self, inbox},
};

/// Answers messages and timelines.
pub struct InboxRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl InboxService for InboxRpc {
    async fn list_inbox(&self, request: Request<ListInboxRequest>) -> Result<Response<ListInboxResponse>, Status> {
        let (caller, asked) = (self.0.caller(&request)?, request.get_ref());
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token, unread_count) = ops::list_inbox(&self.0, &caller, asked.unread, page).await?;
        let messages = found.into_iter().map(inbox::message).collect();
        Ok(Response::new(ListInboxResponse { messages, next_page_token, unread_count }))
    }

    async fn mark_read(&self, request: Request<MarkReadRequest>) -> Result<Response<MarkReadResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let unread_count = ops::mark_read(&self.0, &caller, inbox::read(request.into_inner())?).await?;
        Ok(Response::new(MarkReadResponse { unread_count }))
    }

    async fn get_timeline(&self, request: Request<GetTimelineRequest>) -> Result<Response<Timeline>, Status> {
        let (caller, id) = (self.0.caller(&request)?, wire::id("ticket_id", &request.get_ref().ticket_id)?);
        Ok(Response::new(inbox::timeline(ops::get_timeline(&self.0, &caller, id).await?)))
    }
}
