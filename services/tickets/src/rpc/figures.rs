//! Counts and rates.
use std::sync::Arc;

use proto::tickets::v1::{
    GetFiguresRequest, GetFiguresResponse, GetPublicSummaryRequest, PublicSummary, figure_service_server::FigureService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops,
    wire::{self, figures},
};

/// Answers figures.
pub struct FigureRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl FigureService for FigureRpc {
    async fn get_figures(&self, request: Request<GetFiguresRequest>) -> Result<Response<GetFiguresResponse>, Status> {
        let caller = self.0.caller(&request)?;
        let found = ops::get_figures(&self.0, &caller, figures::asked(request.into_inner())).await?;
        Ok(Response::new(figures::figures(found)))
    }

    async fn get_public_summary(
        &self,
        request: Request<GetPublicSummaryRequest>,
    ) -> Result<Response<PublicSummary>, Status> {
        let asked = request.get_ref();
        let district = wire::id("district_id", &asked.district_id)?;
        Ok(Response::new(figures::summary(ops::public_summary(&self.0, district, &asked.month).await?)))
    }
}
