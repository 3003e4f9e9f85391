//! Reports and what becomes of them.
use std::sync::Arc;

use chassis::{
    access::{Caller, caller, if_match},
    faults::Fault,
};
use proto::tickets::v1::{
    AcceptRequest, ClaimRequest, DispatchRequest, GetTicketRequest, ListEventsRequest, ListEventsResponse,
    ListTicketsRequest, ListTicketsResponse, RateRequest, ReportRequest, ResolveRequest, Ticket,
    ticket_service_server::TicketService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops, ticket,
    wire::{self, answers},
};

/// Answers everything about tickets.
pub struct TicketRpc(pub Arc<Tickets>);

impl TicketRpc {
    async fn answer(&self, caller: &Caller, done: Result<ticket::Ticket, Fault>) -> Result<Response<Ticket>, Status> {
        let row = done?;
        self.0.categories.ensure(&self.0.pool).await.map_err(Fault::from)?;
        Ok(Response::new(answers::ticket(&self.0, caller, row)))
    }
}

#[tonic::async_trait]
impl TicketService for TicketRpc {
    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<Ticket>, Status> {
        let caller = caller(&request)?;
        self.answer(&caller, ops::report(&self.0, &caller, wire::report(request.into_inner())?).await).await
    }

    async fn list_tickets(
        &self,
        request: Request<ListTicketsRequest>,
    ) -> Result<Response<ListTicketsResponse>, Status> {
        let caller = caller(&request)?;
        let (rows, next_page_token) = ops::list_tickets(&self.0, &caller, wire::listing(request.into_inner())?).await?;
        self.0.categories.ensure(&self.0.pool).await.map_err(Fault::from)?;
        let tickets = rows.into_iter().map(|row| answers::ticket(&self.0, &caller, row)).collect();
        Ok(Response::new(ListTicketsResponse { tickets, next_page_token }))
    }

    async fn get_ticket(&self, request: Request<GetTicketRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, id) = (caller(&request)?, wire::id("ticket_id", &request.get_ref().ticket_id)?);
        self.answer(&caller, ops::get_ticket(&self.0, &caller, id).await).await
    }

    async fn list_events(&self, request: Request<ListEventsRequest>) -> Result<Response<ListEventsResponse>, Status> {
        let caller = caller(&request)?;
        let (ticket, events, next_page_token) =
            ops::list_events(&self.0, &caller, wire::history(request.into_inner())?).await?;
        let open = ticket.open_to(&caller);
        let events = events.into_iter().map(|event| answers::event(event, open)).collect();
        Ok(Response::new(ListEventsResponse { events, next_page_token }))
    }

    async fn claim(&self, request: Request<ClaimRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, version) = (caller(&request)?, if_match(&request)?);
        self.answer(&caller, ops::claim(&self.0, &caller, wire::target(&request.get_ref().ticket_id, version)?).await)
            .await
    }

    async fn dispatch(&self, request: Request<DispatchRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, version) = (caller(&request)?, if_match(&request)?);
        self.answer(&caller, ops::dispatch(&self.0, &caller, wire::dispatch(request.get_ref(), version)?).await).await
    }

    async fn accept(&self, request: Request<AcceptRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, version) = (caller(&request)?, if_match(&request)?);
        self.answer(&caller, ops::accept(&self.0, &caller, wire::target(&request.get_ref().ticket_id, version)?).await)
            .await
    }

    async fn resolve(&self, request: Request<ResolveRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, version) = (caller(&request)?, if_match(&request)?);
        self.answer(&caller, ops::resolve(&self.0, &caller, wire::resolution(request.into_inner(), version)?).await)
            .await
    }

    async fn rate(&self, request: Request<RateRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, version) = (caller(&request)?, if_match(&request)?);
        self.answer(&caller, ops::rate(&self.0, &caller, wire::rating(request.into_inner(), version)?).await).await
    }
}
