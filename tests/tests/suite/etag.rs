//! What a phone has already need not be sent again.
use std::time::Duration;

use hemei_tests::{Answer, Client, Instance, people, retry, tickets, tickets::Cast};
use http::StatusCode;
use proto::google::api::http_rule::Pattern;
use serde_json::json;
use uuid::Uuid;

use crate::photos::photo;

/// A cast whose courier nobody else counts on: who reports much at one place is looked at before anything is awarded.
async fn cast() -> Cast {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let district = &people[0].district_id;
    let cast = Cast::find(&client, district).await.unwrap();
    let quiet = people::quiet_couriers(&people).filter(|courier| courier.district_id == *district).last().unwrap();
    let courier = people::Person { location: cast.courier.location.clone(), ..quiet.clone() };
    Cast { as_courier: people::sign_in(&client, &courier).await.unwrap(), courier, ..cast }
}

/// A ticket of the courier's, with a photo or without.
async fn reported(cast: &Cast, media: &[&str]) -> String {
    let id = Uuid::now_v7();
    let mut report = tickets::report(id, &cast.courier);
    report["media_ids"] = json!(media);
    cast.as_courier.post("/v1/tickets", &report).await.unwrap().success().unwrap();
    format!("/v1/tickets/{id}")
}

fn etag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

/// Reads until nothing else moves, then the same answer is not sent again, however often it is asked for.
async fn settles(client: &Client, path: &str) -> Option<String> {
    let known = async || {
        let first = client.get(path).await?;
        if first.status != StatusCode::OK {
            let wanting = [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::CONFLICT];
            assert!(wanting.contains(&first.status), "{path}: {}", first.status);
            return Ok(Some(None));
        }
        for _ in 0..4 {
            let again = client.get_unless(path, &etag(&first)).await?;
            if again.status != StatusCode::NOT_MODIFIED {
                return Ok(None);
            }
            assert_eq!((again.bytes.len(), etag(&again)), (0, etag(&first)), "{path}");
        }
        Ok(Some(Some(etag(&first))))
    };
    retry::until(path, Duration::from_secs(10), known).await.unwrap()
}

#[tokio::test]
async fn a_ticket_that_has_not_moved_is_not_sent_again() {
    let cast = cast().await;
    let media = cast.as_courier.upload(&photo()).await.unwrap().success().unwrap();
    for media in [vec![], vec![media["media_id"].as_str().unwrap()]] {
        let path = reported(&cast, &media).await;
        let known = async |etag: &str| cast.as_courier.get_unless(&path, etag).await.unwrap();
        let first = cast.as_courier.get(&path).await.unwrap();
        assert_eq!((first.json()["etag"].as_str(), etag(&first).get(..3)), (Some("\"1\""), Some("\"1-")));
        assert_eq!(first.json()["media"].as_array().unwrap().len(), media.len());
        for _ in 0..2 {
            let again = known(&etag(&first)).await;
            assert_eq!((again.status, again.bytes.len(), etag(&again)), (StatusCode::NOT_MODIFIED, 0, etag(&first)));
        }
        cast.as_liaison.post(&format!("{path}:claim"), &json!({})).await.unwrap().success().unwrap();
        let moved = known(&etag(&first)).await;
        assert_eq!((moved.status, moved.json()["state"].as_str()), (StatusCode::OK, Some("CLAIMED")));
        assert_ne!(etag(&moved), etag(&first));
        assert_eq!(known(&etag(&moved)).await.status, StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn what_was_read_can_be_named_when_it_is_changed() {
    let cast = cast().await;
    let path = reported(&cast, &[]).await;
    let read = etag(&cast.as_liaison.get(&path).await.unwrap());
    let claim = format!("{path}:claim");
    cast.as_courier
        .post(&format!("{path}:add_evidence"), &json!({"text": "更严重了"}))
        .await
        .unwrap()
        .success()
        .unwrap();
    let late = cast.as_liaison.post_if(&claim, &json!({}), &read).await.unwrap();
    assert_eq!((late.status, late.code().as_str()), (StatusCode::CONFLICT, "ETAG_MISMATCH"), "{read}");
    let read = etag(&cast.as_liaison.get(&path).await.unwrap());
    cast.as_liaison.post_if(&claim, &json!({}), &read).await.unwrap().success().unwrap();
    let wrong = cast.as_liaison.post_if(&claim, &json!({}), "\"x-1\"").await.unwrap();
    assert_eq!(
        (wrong.status, wrong.json()["fields"][0]["field"].as_str()),
        (StatusCode::BAD_REQUEST, Some("If-Match"))
    );
}

#[tokio::test]
async fn lists_the_inbox_and_the_timeline_are_not_sent_again_until_something_is_new() {
    let cast = cast().await;
    let path = reported(&cast, &[]).await;
    let timeline = format!("{path}/timeline");
    let events = format!("{path}/events");
    let mut before = Vec::new();
    for path in ["/v1/tickets?mine=true", "/v1/inbox", &timeline, &events] {
        before.push((path, settles(&cast.as_courier, path).await.unwrap()));
    }
    cast.as_liaison.post(&format!("{path}:claim"), &json!({})).await.unwrap().success().unwrap();
    for (path, known) in before {
        let fresh = async || {
            let answer = cast.as_courier.get_unless(path, &known).await?;
            Ok((answer.status == StatusCode::OK).then_some(answer))
        };
        let answer = retry::until(path, Duration::from_secs(10), fresh).await.unwrap();
        assert_ne!(etag(&answer), known, "{path}");
    }
}

/// No answer carries what differs in each call: the time of the answer, an order by chance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_can_be_read_is_the_same_when_nothing_has_changed() {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let gets = proto::methods().values().filter_map(|method| match method.http.clone()?.pattern? {
        Pattern::Get(path) if !path.contains('{') => Some(path),
        _ => None,
    });
    let gets: Vec<_> = gets.collect();
    let mut settled = 0;
    for role in ["courier", "community_worker", "coordinator", "district_admin"] {
        let person = people.iter().find(|person| person.role == role).unwrap();
        let signed_in = people::sign_in(&client, person).await.unwrap();
        for path in &gets {
            settled += usize::from(settles(&signed_in, path).await.is_some());
        }
    }
    assert!(settled > 60, "{settled} of {} answered", gets.len() * 4);
}
