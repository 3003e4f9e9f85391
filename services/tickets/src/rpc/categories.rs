//! What a report can be about.
use std::sync::Arc;

use chassis::access::{caller, if_match};
use proto::tickets::v1::{
    Category, ListCategoriesRequest, ListCategoriesResponse, ListCategoryVersionsRequest, ListCategoryVersionsResponse,
    PutCategoryRequest, category_service_server::CategoryService,
};
use tonic::{Request, Response, Status};

use crate::{
    Tickets, ops,
    wire::{answers, terms},
};

/// Answers the categories of a district.
pub struct CategoryRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl CategoryService for CategoryRpc {
    async fn list_categories(
        &self,
        request: Request<ListCategoriesRequest>,
    ) -> Result<Response<ListCategoriesResponse>, Status> {
        let list = ops::list_categories(&self.0, &caller(&request)?, request.get_ref().include_retired).await?;
        let categories = list.iter().map(|category| answers::category(category)).collect();
        Ok(Response::new(ListCategoriesResponse { categories, next_page_token: String::new() }))
    }

    async fn put_category(&self, request: Request<PutCategoryRequest>) -> Result<Response<Category>, Status> {
        let (caller, if_match) = (caller(&request)?, if_match(&request)?);
        let wanted = terms::wanted_category(request.into_inner())?;
        Ok(Response::new(answers::category(&*ops::put_category(&self.0, &caller, wanted, if_match).await?)))
    }

    async fn list_category_versions(
        &self,
        request: Request<ListCategoryVersionsRequest>,
    ) -> Result<Response<ListCategoryVersionsResponse>, Status> {
        let versions =
            ops::list_category_versions(&self.0, &caller(&request)?, &request.get_ref().category_code).await?;
        let versions = versions.iter().map(terms::category_version).collect();
        Ok(Response::new(ListCategoryVersionsResponse { versions, next_page_token: String::new() }))
    }
}
