//! What the staff keep beside a ticket.
use std::sync::Arc;

use proto::tickets::v1::{
    AddCommentRequest, CaseDocument, Comment, ExportCaseRequest, ListActionsRequest, ListActionsResponse,
    ListAgendaItemsRequest, ListAgendaItemsResponse, ListCommentsRequest, ListCommentsResponse, ListStrikesRequest,
    ListStrikesResponse, case_service_server::CaseService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops,
    wire::{self, casework},
};

/// Answers comments, actions and documents.
pub struct CaseRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl CaseService for CaseRpc {
    async fn add_comment(&self, request: Request<AddCommentRequest>) -> Result<Response<Comment>, Status> {
        let caller = self.0.caller(&request)?;
        let made = ops::add_comment(&self.0, &caller, casework::new_comment(request.into_inner())?).await?;
        Ok(Response::new(casework::comment(&self.0, made)))
    }

    async fn list_comments(
        &self,
        request: Request<ListCommentsRequest>,
    ) -> Result<Response<ListCommentsResponse>, Status> {
        let (caller, asked) = (self.0.caller(&request)?, request.get_ref());
        let id = wire::id("ticket_id", &asked.ticket_id)?;
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token) = ops::list_comments(&self.0, &caller, id, page).await?;
        let comments = found.into_iter().map(|one| casework::comment(&self.0, one)).collect();
        Ok(Response::new(ListCommentsResponse { comments, next_page_token }))
    }

    async fn list_actions(
        &self,
        request: Request<ListActionsRequest>,
    ) -> Result<Response<ListActionsResponse>, Status> {
        let (caller, asked) = (self.0.caller(&request)?, request.get_ref());
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token) = ops::list_actions(&self.0, &caller, &asked.subject, page).await?;
        let actions = found.into_iter().map(casework::action).collect();
        Ok(Response::new(ListActionsResponse { actions, next_page_token }))
    }

    async fn list_agenda_items(
        &self,
        request: Request<ListAgendaItemsRequest>,
    ) -> Result<Response<ListAgendaItemsResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let asked = casework::agenda_asked(request.into_inner())?;
        let (found, next_page_token) = ops::list_agenda_items(&self.0, &caller, asked).await?;
        let items = found.into_iter().map(|item| casework::agenda_item(&self.0, caller.district_id, item)).collect();
        Ok(Response::new(ListAgendaItemsResponse { items, next_page_token }))
    }

    async fn list_strikes(
        &self,
        request: Request<ListStrikesRequest>,
    ) -> Result<Response<ListStrikesResponse>, Status> {
        let (caller, asked) = (self.0.caller(&request)?, request.get_ref());
        let person_id = asked.person_id.as_deref().map(|text| wire::id("person_id", text)).transpose()?;
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token) = ops::list_strikes(&self.0, &caller, person_id, page).await?;
        let strikes = found.into_iter().map(casework::strike).collect();
        Ok(Response::new(ListStrikesResponse { strikes, next_page_token }))
    }

    async fn export_case(&self, request: Request<ExportCaseRequest>) -> Result<Response<CaseDocument>, Status> {
        let (caller, id) = (self.0.caller(&request)?, wire::id("ticket_id", &request.get_ref().ticket_id)?);
        let (file_name, content) = ops::export_case(&self.0, &caller, id).await?;
        Ok(Response::new(CaseDocument { file_name, content_type: "text/html; charset=utf-8".into(), content }))
    }
}
