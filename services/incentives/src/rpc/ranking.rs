use chassis::access::caller;
use proto::incentives::v1::{self, ranking_service_server::RankingService};
use tonic::{Request, Response, Status};

use crate::{Incentives, ops, wire};

/// Who earned most.
pub struct Ranking(pub Incentives);

#[tonic::async_trait]
impl RankingService for Ranking {
    async fn get_ranking(&self, request: Request<v1::GetRankingRequest>) -> Result<Response<v1::Ranking>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (board, span) = wire::ranking::board(caller.district_id, asked, self.0.clock.today())?;
        let ranking = ops::get_ranking(&self.0, &caller, &board, span).await?;
        Ok(Response::new(wire::ranking::ranking(&board, &ranking, caller.person_id)))
    }

    async fn put_ranking_profile(
        &self,
        request: Request<v1::PutRankingProfileRequest>,
    ) -> Result<Response<v1::RankingProfile>, Status> {
        let (caller, chosen) = (caller(&request)?, wire::ranking::profile(request.get_ref())?);
        Ok(Response::new(wire::ranking::chosen(ops::put_ranking_profile(&self.0, &caller, chosen).await?)))
    }
}
