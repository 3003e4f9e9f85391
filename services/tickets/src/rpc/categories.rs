//! What a report can be about.
use std::sync::Arc;

use chassis::access::caller;
use proto::tickets::v1::{ListCategoriesRequest, ListCategoriesResponse, category_service_server::CategoryService};
use tonic::{Request, Response, Status};

use crate::{Tickets, ops, wire::answers};

/// Answers the categories of a district.
pub struct CategoryRpc(pub Arc<Tickets>);

#[tonic::async_trait]
impl CategoryService for CategoryRpc {
    async fn list_categories(
        &self,
        request: Request<ListCategoriesRequest>,
    ) -> Result<Response<ListCategoriesResponse>, Status> {
        let list = ops::list_categories(&self.0, &caller(&request)?).await?;
        let categories = list.iter().map(|category| answers::category(category)).collect();
        Ok(Response::new(ListCategoriesResponse { categories, next_page_token: String::new() }))
    }
}
