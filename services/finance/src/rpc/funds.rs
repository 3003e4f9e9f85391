use chassis::access::caller;
use proto::finance::v1::{self, fund_service_server::FundService};
use tonic::{Request, Response, Status};

use crate::{Finance, ops, wire};

/// The funds of the compounds.
pub struct Funds(pub Finance);

#[tonic::async_trait]
impl FundService for Funds {
    async fn get_fund(&self, request: Request<v1::GetFundRequest>) -> Result<Response<v1::Fund>, Status> {
        let (caller, place_id) = (caller(&request)?, wire::id("place_id", &request.get_ref().place_id)?);
        Ok(Response::new(wire::fund(ops::get_fund(&self.0, &caller, place_id).await?)))
    }

    async fn list_fund_entries(
        &self,
        request: Request<v1::ListFundEntriesRequest>,
    ) -> Result<Response<v1::ListFundEntriesResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let place_id = wire::id("place_id", &asked.place_id)?;
        let (entries, next_page_token) =
            ops::list_fund_entries(&self.0, &caller, place_id, asked.page_size, &asked.page_token).await?;
        let entries = entries.into_iter().map(|entry| wire::entry(&self.0, entry)).collect();
        Ok(Response::new(v1::ListFundEntriesResponse { entries, next_page_token }))
    }

    async fn record_entry(&self, request: Request<v1::RecordEntryRequest>) -> Result<Response<v1::FundEntry>, Status> {
        let (caller, new) = (caller(&request)?, wire::new_entry(request.get_ref())?);
        Ok(Response::new(wire::entry(&self.0, ops::record_entry(&self.0, &caller, &new).await?)))
    }

    async fn list_fund_actions(
        &self,
        request: Request<v1::ListFundActionsRequest>,
    ) -> Result<Response<v1::ListFundActionsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let subject = wire::subject(&asked.subject)?;
        let page = (asked.page_size, asked.page_token.as_str());
        let (found, next_page_token) = ops::list_fund_actions(&self.0, &caller, subject, page).await?;
        let actions = found.into_iter().map(wire::action).collect();
        Ok(Response::new(v1::ListFundActionsResponse { actions, next_page_token }))
    }
}
