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

    async fn record_stock_take(
        &self,
        request: Request<v1::RecordStockTakeRequest>,
    ) -> Result<Response<v1::StockTake>, Status> {
        let (caller, asked) = (caller(&request)?, request.get_ref());
        let (counted, note) = wire::prizes::counted(asked)?;
        let ids = (wire::id("stock_take_id", &asked.stock_take_id)?, wire::id("prize_id", &asked.prize_id)?);
        let taken = ops::record_stock_take(&self.0, &caller, ids, (counted, &note)).await?;
        Ok(Response::new(wire::prizes::stock_take(&taken)))
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
