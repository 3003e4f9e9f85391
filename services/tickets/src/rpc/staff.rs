//! What waits for the staff.
use std::sync::Arc;

use chassis::faults::Fault;
use proto::tickets::v1::{
    BulkDispatchRequest, BulkDispatchResponse, ListQueueRequest, ListQueueResponse, staff_service_server::StaffService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops,
    wire::{answers, staff},
};

/// Answers the staff.
pub struct StaffRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl StaffService for StaffRpc {
    async fn list_queue(&self, request: Request<ListQueueRequest>) -> Result<Response<ListQueueResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let (rows, next_page_token) = ops::list_queue(&self.0, &caller, staff::queue(request.into_inner())?).await?;
        self.0.categories.ensure(&self.0.pool).await.map_err(Fault::from)?;
        let unread = ops::unread_of(&self.0, &caller, &rows).await?;
        let tickets = rows.into_iter().map(|row| answers::listed(&self.0, &caller, row, &unread)).collect();
        Ok(Response::new(ListQueueResponse { tickets, next_page_token }))
    }

    async fn bulk_dispatch(
        &self,
        request: Request<BulkDispatchRequest>,
    ) -> Result<Response<BulkDispatchResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let wishes = staff::dispatches(request.get_ref())?;
        let outcomes = ops::bulk_dispatch(&self.0, &caller, wishes).await;
        self.0.categories.ensure(&self.0.pool).await.map_err(Fault::from)?;
        let items = request.get_ref().items.iter().zip(outcomes);
        let outcomes =
            items.map(|(item, outcome)| staff::outcome(&self.0, &caller, &item.ticket_id, outcome)).collect();
        Ok(Response::new(BulkDispatchResponse { outcomes }))
    }
}
