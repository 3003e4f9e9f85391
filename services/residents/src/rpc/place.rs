use chassis::access::caller;
use proto::residents::v1::{
    ListPlacesRequest, ListPlacesResponse, LocatePlaceRequest, LocatedPlace, place_service_server::PlaceService,
};
use tonic::{Request, Response, Status};

use super::Rpc;
use crate::{
    ops::{list_places::list_places, locate_place::locate_place},
    wire,
};

#[tonic::async_trait]
impl PlaceService for Rpc {
    async fn list_places(&self, request: Request<ListPlacesRequest>) -> Result<Response<ListPlacesResponse>, Status> {
        let (caller, asked) = (caller(&request)?, request.into_inner());
        let parent = wire::optional_id("parent_id", Some(&asked.parent_id))?;
        let page = list_places(&self.0, caller.district_id, parent, asked.page_size, &asked.page_token).await?;
        Ok(Response::new(wire::places(page)))
    }

    async fn locate_place(&self, request: Request<LocatePlaceRequest>) -> Result<Response<LocatedPlace>, Status> {
        let caller = caller(&request)?;
        let (point, crs) = wire::coordinate(&request.into_inner())?;
        Ok(Response::new(wire::located(locate_place(&self.0, caller.district_id, point, crs).await?)))
    }
}
