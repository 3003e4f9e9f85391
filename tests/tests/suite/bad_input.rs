//! Bad input: a 4xx problem document that names the field, and nothing changed.
use anyhow::Result;
use bytes::Bytes;
use hemei_tests::{Answer, Client, Instance, people, tickets, tickets::Cast};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn cast() -> (Client, Cast) {
    let client = Instance::shared().client();
    let district = people::all(&client).await.unwrap()[0].district_id.clone();
    let cast = Cast::find(&client, &district).await.unwrap();
    (client, cast)
}

/// A problem document as every client may rely on it.
fn problem(answer: &Answer, status: u16, field: Option<&str>) {
    let body = answer.json();
    assert_eq!(answer.status.as_u16(), status, "{body}");
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{body}");
    for key in ["code", "message", "detail", "request_id"] {
        assert!(body[key].as_str().is_some_and(|text| !text.is_empty()), "{key} in {body}");
    }
    assert!(body["message"].as_str().unwrap().chars().any(|letter| letter > '\u{4e00}'), "Chinese for people: {body}");
    assert_eq!(body["status"], status, "{body}");
    if let Some(field) = field {
        let fields = body["fields"].as_array().cloned().unwrap_or_default();
        assert!(fields.iter().any(|named| named["field"] == field), "names {field}: {body}");
    }
}

async fn report_with(cast: &Cast, change: impl FnOnce(&mut Value)) -> Result<(Uuid, Answer)> {
    let id = Uuid::now_v7();
    let mut body = tickets::report(id, &cast.courier);
    change(&mut body);
    Ok((id, cast.as_courier.post("/v1/tickets", &body).await?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_report_names_its_field_and_changes_nothing() {
    type Change = fn(&mut Value);
    let (client, cast) = cast().await;
    let cases: [(&str, &str, Change); 19] = [
        ("wrong type", "text", |body| body["text"] = json!(7)),
        ("wrong type inside", "location.lng", |body| body["location"]["lng"] = json!("east")),
        ("text for a number", "location.lng", |body| body["location"]["lng"] = json!("130.2")),
        ("a zero character", "text", |body| body["text"] = json!("冰\u{0}")),
        ("a zero character in a list", "media_ids[0]", |body| body["media_ids"] = json!(["\u{0}"])),
        ("unknown field", "colour", |body| body["colour"] = json!("red")),
        ("unknown field inside", "location.altitude", |body| body["location"]["altitude"] = json!(1)),
        ("no crs", "location.crs", |body| drop(body["location"].as_object_mut().unwrap().remove("crs"))),
        ("unknown crs", "location.crs", |body| body["location"]["crs"] = json!("BD09")),
        ("no longitude", "location.lng", |body| drop(body["location"].as_object_mut().unwrap().remove("lng"))),
        ("longitude out of range", "location.lng", |body| body["location"]["lng"] = json!(500.0)),
        ("outside the district", "location", |body| body["location"]["lng"] = json!(116.4)),
        ("captured in the future", "captured_at", |body| body["captured_at"] = json!("2099-01-01T00:00:00+08:00")),
        ("captured_at is no time", "captured_at", |body| body["captured_at"] = json!("yesterday")),
        ("no text and no photo", "text", |body| body["text"] = json!("")),
        ("too long", "text", |body| body["text"] = json!("长".repeat(2001))),
        ("unknown category", "category_code", |body| body["category_code"] = json!("00000")),
        ("a photo of nobody", "media_ids[0]", |body| body["media_ids"] = json!([Uuid::now_v7()])),
        ("no place and no location", "location", |body| drop(body.as_object_mut().unwrap().remove("location"))),
    ];
    for (what, field, change) in cases {
        let (id, answer) = report_with(&cast, change).await.unwrap();
        println!("{what}: {}", answer.json());
        problem(&answer, 400, Some(field));
        let gone = cast.as_courier.get(&format!("/v1/tickets/{id}")).await.unwrap();
        assert_eq!(gone.status.as_u16(), 404, "{what} changed nothing");
    }
    for id in ["", "no-uuid"] {
        let (_, answer) = report_with(&cast, |body| body["ticket_id"] = json!(id)).await.unwrap();
        problem(&answer, 400, Some("ticket_id"));
    }
    let path = format!("/v1/tickets/{}:claim", "no-uuid");
    problem(&cast.as_liaison.post(&path, &json!({})).await.unwrap(), 400, Some("ticket_id"));
    problem(&client.get("/v1/nowhere").await.unwrap(), 404, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_none_is_refused_before_it_is_read() {
    let (_, cast) = cast().await;
    let send = |content_type: &'static str, body: Vec<u8>| {
        let client = cast.as_courier.clone();
        async move { client.send(Method::POST, "/v1/tickets", content_type, Bytes::from(body)).await }
    };
    problem(&send("application/json", b"{\"text\": \"\xff\xfe\"}".to_vec()).await.unwrap(), 400, None);
    problem(&send("application/json", b"{".to_vec()).await.unwrap(), 400, None);
    problem(&send("application/json", b"[]".to_vec()).await.unwrap(), 400, None);
    let twice = br#"{"text": "a", "text": "b"}"#.to_vec();
    problem(&send("application/json", twice).await.unwrap(), 400, Some("text"));
    let huge = br#"{"location": {"lng": 1e999}}"#.to_vec();
    problem(&send("application/json", huge).await.unwrap(), 400, Some("location.lng"));
    problem(&send("text/plain", b"{}".to_vec()).await.unwrap(), 415, None);
    // A server may hang up on 20 MB that it does not want; what it must not do is take them.
    if let Ok(answer) = send("application/json", vec![b' '; 20 << 20]).await {
        problem(&answer, 413, Some("body"));
    }
    let wrong = cast.as_courier.send(Method::DELETE, "/v1/tickets", "", Bytes::new()).await.unwrap();
    problem(&wrong, 405, None);
    assert!(wrong.headers.contains_key("allow"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_queries_name_the_parameter() {
    let (_, cast) = cast().await;
    for (query, field) in [
        ("state=NOWHERE", "state"),
        ("page_size=1000", "page_size"),
        ("page_size=x", "page_size"),
        ("page_token=!!", "page_token"),
        ("colour=red", "colour"),
        ("mine=perhaps", "mine"),
        ("state=POOL&state=CLAIMED", "state"),
    ] {
        problem(&cast.as_courier.get(&format!("/v1/tickets?{query}")).await.unwrap(), 400, Some(field));
    }
    problem(&cast.as_courier.get("/v1/places:locate?lng=130.3&lat=47.3").await.unwrap(), 400, Some("crs"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_money_and_points_are_refused() {
    let (client, cast) = cast().await;
    let people = people::all(&client).await.unwrap();
    let manager = people.iter().rfind(|person| person.role == "property_manager").unwrap();
    let as_manager = people::sign_in(&client, manager).await.unwrap();
    let fund = format!("/v1/funds/{}/entries", manager.place_id);
    let entry =
        json!({"entry_id": Uuid::now_v7(), "kind": "INCOME", "purpose": "LIVELIHOOD", "amount_fen": 1, "text": "广告"});
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 9] = [
        ("amount_fen", |body| body["amount_fen"] = json!(0)),
        ("amount_fen", |body| body["amount_fen"] = json!(-5)),
        ("amount_fen", |body| body["amount_fen"] = json!(1.5)),
        ("amount_fen", |body| body["amount_fen"] = json!("5")),
        ("amount_fen", |body| body["amount_fen"] = json!(5.0)),
        ("amount_fen", |body| body["amount_fen"] = json!(1e300)),
        ("kind", |body| drop(body.as_object_mut().unwrap().remove("kind"))),
        ("purpose", |body| body["purpose"] = json!(" ")),
        ("entry_id", |body| body["entry_id"] = json!("x")),
    ];
    let before = as_manager.get(&format!("/v1/funds/{}", manager.place_id)).await.unwrap().success().unwrap();
    for (field, change) in cases {
        let mut body = entry.clone();
        change(&mut body);
        problem(&as_manager.post(&fund, &body).await.unwrap(), 400, Some(field));
    }
    let after = as_manager.get(&format!("/v1/funds/{}", manager.place_id)).await.unwrap().success().unwrap();
    assert_eq!(before, after);
    for quantity in [json!(-1), json!("1")] {
        let wrong = json!({"redemption_id": Uuid::now_v7(), "prize_id": Uuid::now_v7(), "quantity": quantity});
        problem(&cast.as_courier.post("/v1/redemptions", &wrong).await.unwrap(), 400, Some("quantity"));
    }
}
