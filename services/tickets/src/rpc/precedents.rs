//! What helps to decide.
use std::sync::Arc;

use chassis::faults::Fault;
use proto::tickets::v1::{
    FindSimilarRequest, KeepPhotoRequest, KeepPhotoResponse, ListDuplicatesRequest, ListPrecedentsRequest,
    ListPrecedentsResponse, SimilarTickets, SuggestRequest, Suggestions, precedent_service_server::PrecedentService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops, store,
    wire::{self, precedent},
};

/// Answers precedents and similar tickets.
pub struct PrecedentRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl PrecedentService for PrecedentRpc {
    async fn suggest(&self, request: Request<SuggestRequest>) -> Result<Response<Suggestions>, Status> {
        let (caller, id) = (self.0.caller(&request)?, wire::id("ticket_id", &request.get_ref().ticket_id)?);
        let suggestion = ops::suggest(&self.0, &caller, id).await?;
        Ok(Response::new(precedent::suggestions(&self.0, caller.district_id, suggestion)))
    }

    async fn list_precedents(
        &self,
        request: Request<ListPrecedentsRequest>,
    ) -> Result<Response<ListPrecedentsResponse>, Status> {
        let (caller, asked) = (self.0.caller(&request)?, request.get_ref());
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token) = ops::list_precedents(&self.0, &caller, &asked.category_code, page).await?;
        let told = |one| precedent::precedent(&self.0, caller.district_id, one);
        Ok(Response::new(ListPrecedentsResponse { precedents: found.into_iter().map(told).collect(), next_page_token }))
    }

    async fn find_similar(&self, request: Request<FindSimilarRequest>) -> Result<Response<SimilarTickets>, Status> {
        let caller = self.0.caller(&request)?;
        let found = ops::find_similar(&self.0, &caller, precedent::draft(request.into_inner())?).await?;
        Ok(Response::new(precedent::similar(&self.0, caller.district_id, found)))
    }

    async fn list_duplicates(
        &self,
        request: Request<ListDuplicatesRequest>,
    ) -> Result<Response<SimilarTickets>, Status> {
        let (caller, id) = (self.0.caller(&request)?, wire::id("ticket_id", &request.get_ref().ticket_id)?);
        let found = ops::list_duplicates(&self.0, &caller, id).await?;
        Ok(Response::new(precedent::similar(&self.0, caller.district_id, found)))
    }

    async fn keep_photo(&self, request: Request<KeepPhotoRequest>) -> Result<Response<KeepPhotoResponse>, Status> {
        let photo = precedent::photo(request.get_ref(), self.0.clock.now())?;
        store::similar::keep_photo(&self.0.pool, &photo).await.map_err(Fault::from)?;
        Ok(Response::new(KeepPhotoResponse {}))
    }
}
