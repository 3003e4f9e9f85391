use serde_json::json;
use uuid::Uuid;

use crate::{
    Residents,
    error::Error,
    post::HeldPost,
    store::{self, audit::Deed},
};

/// Ends a post; the person's next access token is without it.
pub async fn end_post(residents: &Residents, actor: Uuid, district_id: Uuid, post_id: Uuid) -> Result<HeldPost, Error> {
    let (now, today) = (residents.clock.now(), residents.clock.today());
    let mut transaction = chassis::db::begin(&residents.pool).await?;
    if store::post::end(&mut transaction, district_id, post_id, today, now).await? {
        let deed = Deed { district_id, actor: Some(actor), action: "end_post", subject_id: post_id, detail: json!({}) };
        store::audit::note(&mut transaction, deed, now).await?;
    }
    let (post, _) = store::post::get(&mut transaction, district_id, post_id).await?.ok_or(Error::PostNotFound)?;
    transaction.commit().await?;
    residents.waker.wake();
    Ok(post)
}
