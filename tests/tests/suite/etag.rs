//! What a phone has already need not be sent again.
use hemei_tests::{Instance, people, tickets, tickets::Cast};
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn a_ticket_that_has_not_moved_is_not_sent_again() {
    let client = Instance::shared().client();
    let district = people::all(&client).await.unwrap()[0].district_id.clone();
    let cast = Cast::find(&client, &district).await.unwrap();
    let id = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await.unwrap().success().unwrap();
    let path = format!("/v1/tickets/{id}");
    let etag = |answer: &hemei_tests::Answer| answer.headers["etag"].to_str().unwrap().to_owned();
    let known = async |etag: &str| cast.as_courier.get_unless(&path, etag).await.unwrap();
    let first = cast.as_courier.get(&path).await.unwrap();
    let again = known(&etag(&first)).await;
    assert_eq!((again.status, again.bytes.len(), etag(&again)), (StatusCode::NOT_MODIFIED, 0, etag(&first)));
    cast.as_liaison.post(&format!("{path}:claim"), &json!({})).await.unwrap().success().unwrap();
    let moved = known(&etag(&first)).await;
    assert_eq!((moved.status, moved.json()["state"].as_str()), (StatusCode::OK, Some("CLAIMED")));
    assert_ne!(etag(&moved), etag(&first));
    assert_eq!(known(&etag(&moved)).await.status, StatusCode::NOT_MODIFIED);
}
