//! Reports and what becomes of them.
use std::sync::Arc;

use chassis::{
    access::{Caller, if_match},
    faults::Fault,
};
use proto::tickets::v1::{self as v1, Ticket, ticket_service_server::TicketService};
use tonic::{Request, Response, Status};

use crate::{
    Tickets,
    decide::Deed,
    ops::{self, Target},
    ticket,
    wire::{self, answers, deeds},
};

/// Answers everything about tickets.
pub struct TicketRpc(pub Arc<Tickets>);

impl TicketRpc {
    async fn answer(&self, caller: &Caller, done: Result<ticket::Ticket, Fault>) -> Result<Response<Ticket>, Status> {
        let row = done?;
        self.0.categories.ensure(&self.0.pool).await.map_err(Fault::from)?;
        Ok(Response::new(answers::ticket(&self.0, caller, row)))
    }

    /// The caller, and the ticket a transition is about.
    fn asked<T>(&self, request: &Request<T>, ticket_id: &str) -> Result<(Caller, Target), Status> {
        let (caller, version) = (self.0.caller(request)?, if_match(request)?);
        Ok((caller, wire::target(ticket_id, version)?))
    }

    async fn act(&self, caller: &Caller, target: Target, deed: Deed) -> Result<Response<Ticket>, Status> {
        self.answer(caller, ops::act(&self.0, caller, target, deed).await).await
    }
}

#[tonic::async_trait]
impl TicketService for TicketRpc {
    async fn report(&self, request: Request<v1::ReportRequest>) -> Result<Response<Ticket>, Status> {
        let caller = self.0.caller(&request)?;
        self.answer(&caller, ops::report(&self.0, &caller, wire::report(request.into_inner())?).await).await
    }

    async fn list_tickets(
        &self,
        request: Request<v1::ListTicketsRequest>,
    ) -> Result<Response<v1::ListTicketsResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let (rows, next_page_token) = ops::list_tickets(&self.0, &caller, wire::listing(request.into_inner())?).await?;
        self.0.categories.ensure(&self.0.pool).await.map_err(Fault::from)?;
        let unread = ops::unread_of(&self.0, &caller, &rows).await?;
        let tickets = rows.into_iter().map(|row| answers::listed(&self.0, &caller, row, &unread)).collect();
        Ok(Response::new(v1::ListTicketsResponse { tickets, next_page_token }))
    }

    async fn get_ticket(&self, request: Request<v1::GetTicketRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, id) = (self.0.caller(&request)?, wire::id("ticket_id", &request.get_ref().ticket_id)?);
        self.answer(&caller, ops::get_ticket(&self.0, &caller, id).await).await
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let (ticket, events, next_page_token) =
            ops::list_events(&self.0, &caller, wire::history(request.into_inner())?).await?;
        let open = ticket.open_to(&caller);
        let events = events.into_iter().map(|event| answers::event(event, &ticket, open)).collect();
        Ok(Response::new(v1::ListEventsResponse { events, next_page_token }))
    }

    async fn dispatch(&self, request: Request<v1::DispatchRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, version) = (self.0.caller(&request)?, if_match(&request)?);
        let done = ops::dispatch(&self.0, &caller, wire::dispatch(request.into_inner(), version)?).await;
        self.answer(&caller, done).await
    }

    async fn rule(&self, request: Request<v1::RuleRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let done = ops::rule(&self.0, &caller, target, deeds::ruling(request.into_inner())?).await;
        self.answer(&caller, done).await
    }

    async fn classify(&self, request: Request<v1::ClassifyRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let v1::ClassifyRequest { category_code, text, .. } = request.into_inner();
        let done = ops::classify(&self.0, &caller, target, (category_code, deeds::note(text)?)).await;
        self.answer(&caller, done).await
    }

    async fn merge(&self, request: Request<v1::MergeRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let parent = wire::id("parent_ticket_id", &request.get_ref().parent_ticket_id)?;
        self.answer(&caller, ops::merge(&self.0, &caller, target, parent).await).await
    }

    async fn claim(&self, request: Request<v1::ClaimRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        self.act(&caller, target, Deed::Claim).await
    }

    async fn accept(&self, request: Request<v1::AcceptRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        self.act(&caller, target, Deed::Accept).await
    }

    async fn resolve(&self, request: Request<v1::ResolveRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::resolve(&self.0, &caller, request)?).await
    }

    async fn rate(&self, request: Request<v1::RateRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::rate(request)?).await
    }

    async fn hand_to_community(
        &self,
        request: Request<v1::HandToCommunityRequest>,
    ) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::HandToCommunity { text: deeds::note(request.text)? }).await
    }

    async fn pass_up(&self, request: Request<v1::PassUpRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::PassUp { reason: deeds::reason("reason", request.reason)? }).await
    }

    async fn mark_unclear(&self, request: Request<v1::MarkUnclearRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::MarkUnclear { reason: deeds::reason("reason", request.reason)? }).await
    }

    async fn propose_invalid(&self, request: Request<v1::ProposeInvalidRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(
            &caller,
            target,
            Deed::ProposeInvalid { reason: deeds::reason("reason", request.reason)?, malicious: request.malicious },
        )
        .await
    }

    async fn confirm_invalid(&self, request: Request<v1::ConfirmInvalidRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        self.act(&caller, target, Deed::ConfirmInvalid).await
    }

    async fn refuse(&self, request: Request<v1::RefuseRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::Refuse { basis: deeds::reason("reason", request.reason)? }).await
    }

    async fn invite_parties(&self, request: Request<v1::InvitePartiesRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let invitation = deeds::invitation(request.into_inner())?;
        self.answer(&caller, ops::invite(&self.0, &caller, target, invitation).await).await
    }

    async fn record_resolution(
        &self,
        request: Request<v1::RecordResolutionRequest>,
    ) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::resolution(request, self.0.clock.today())?).await
    }

    async fn file_statement(&self, request: Request<v1::FileStatementRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::statement(request)?).await
    }

    async fn finish_part(&self, request: Request<v1::FinishPartRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::FinishPart { text: deeds::note(request.text)? }).await
    }

    async fn request_pause(&self, request: Request<v1::RequestPauseRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::request_pause(request)?).await
    }

    async fn pause(&self, request: Request<v1::PauseRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::pause(request)?).await
    }

    async fn resume(&self, request: Request<v1::ResumeRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::Resume { reason: deeds::note(request.reason)? }).await
    }

    async fn mediate(&self, request: Request<v1::MediateRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::mediate(request)?).await
    }

    async fn check(&self, request: Request<v1::CheckRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::check(request)?).await
    }

    async fn put_off(&self, request: Request<v1::PutOffRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::put_off(request)?).await
    }

    async fn review(&self, request: Request<v1::ReviewRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::Review { reason: deeds::reason("reason", request.reason)? }).await
    }

    async fn dismiss_appeal(&self, request: Request<v1::DismissAppealRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::DismissAppeal { reason: deeds::reason("reason", request.reason)? }).await
    }

    async fn add_evidence(&self, request: Request<v1::AddEvidenceRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::evidence(&self.0, &caller, request)?).await
    }

    async fn withdraw(&self, request: Request<v1::WithdrawRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::Withdraw { reason: deeds::note(request.reason)? }).await
    }

    async fn appeal(&self, request: Request<v1::AppealRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, Deed::Appeal { reason: deeds::reason("reason", request.reason)? }).await
    }

    async fn reopen(&self, request: Request<v1::ReopenRequest>) -> Result<Response<Ticket>, Status> {
        let (caller, target) = self.asked(&request, &request.get_ref().ticket_id)?;
        let request = request.into_inner();
        self.act(&caller, target, deeds::reopen(&self.0, &caller, request)?).await
    }
}
