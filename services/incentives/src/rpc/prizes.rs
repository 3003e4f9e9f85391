use chassis::access::caller;
use proto::incentives::v1::{self, prize_service_server::PrizeService};
use tonic::{Request, Response, Status};

use crate::{Incentives, ops, wire};

/// What points can be exchanged for.
pub struct Prizes(pub Incentives);

#[tonic::async_trait]
impl PrizeService for Prizes {
    async fn list_prizes(
        &self,
        request: Request<v1::ListPrizesRequest>,
    ) -> Result<Response<v1::ListPrizesResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (prizes, next_page_token) = ops::list_prizes(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let prizes = prizes.into_iter().map(|prize| wire::prizes::prize(&self.0, prize)).collect();
        Ok(Response::new(v1::ListPrizesResponse { prizes, next_page_token }))
    }

    async fn put_prize(&self, request: Request<v1::PutPrizeRequest>) -> Result<Response<v1::Prize>, Status> {
        let (caller, edit) = (caller(&request)?, wire::prizes::edit(request.get_ref())?);
        Ok(Response::new(wire::prizes::prize(&self.0, ops::put_prize(&self.0, &caller, &edit).await?)))
    }

    async fn supply_point(&self, request: Request<v1::SupplyPointRequest>) -> Result<Response<v1::Prize>, Status> {
        let (caller, (ids, supplied)) = (caller(&request)?, wire::prizes::supply(request.get_ref())?);
        let prize = ops::supply_point(&self.0, &caller, ids, supplied).await?;
        Ok(Response::new(wire::prizes::prize(&self.0, prize)))
    }

    async fn list_pick_up_points(
        &self,
        request: Request<v1::ListPickUpPointsRequest>,
    ) -> Result<Response<v1::ListPickUpPointsResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let (points, next_page_token) =
            ops::list_pickup_points(&self.0, &caller, asked.page_size, &asked.page_token).await?;
        let pickup_points = points.into_iter().map(|point| wire::pickup_points::pickup_point(&self.0, point)).collect();
        Ok(Response::new(v1::ListPickUpPointsResponse { pickup_points, next_page_token }))
    }

    async fn put_pick_up_point(
        &self,
        request: Request<v1::PutPickUpPointRequest>,
    ) -> Result<Response<v1::PickUpPoint>, Status> {
        let (caller, edit) = (caller(&request)?, wire::pickup_points::edit(request.get_ref())?);
        let point = ops::put_pickup_point(&self.0, &caller, &edit).await?;
        Ok(Response::new(wire::pickup_points::pickup_point(&self.0, point)))
    }

    async fn record_stock_take(
        &self,
        request: Request<v1::RecordStockTakeRequest>,
    ) -> Result<Response<v1::StockTake>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (of, (counted, note)) = (wire::prizes::shelf(asked)?, wire::prizes::counted(asked)?);
        let taken = ops::record_stock_take(&self.0, &caller, of, (counted, &note)).await?;
        Ok(Response::new(wire::prizes::stock_take(&taken)))
    }

    async fn withdraw_voucher_codes(
        &self,
        request: Request<v1::WithdrawVoucherCodesRequest>,
    ) -> Result<Response<v1::VoucherWithdrawal>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (prize_id, codes) = (wire::id("prize_id", &asked.prize_id)?, wire::prizes::withdrawn_codes(asked)?);
        let withdrawn = ops::withdraw_voucher_codes(&self.0, &caller, prize_id, &codes).await?;
        Ok(Response::new(wire::prizes::withdrawn(withdrawn)))
    }

    async fn import_voucher_codes(
        &self,
        request: Request<v1::ImportVoucherCodesRequest>,
    ) -> Result<Response<v1::VoucherImport>, Status> {
        let (caller, wanted) = (caller(&request)?, wire::prizes::voucher_codes(request.get_ref())?);
        let imported = ops::import_voucher_codes(&self.0, &caller, &wanted).await?;
        Ok(Response::new(wire::prizes::imported(imported)))
    }
}
