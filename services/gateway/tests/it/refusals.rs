use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::Method;
use proto::api::v1::post::Role;
use uuid::Uuid;

use crate::harness::Gateway;

const JSON: (&str, &str) = ("content-type", "application/json");

fn bearer(gateway: &Gateway, role: Role) -> String {
    format!("Bearer {}", gateway.token(Uuid::now_v7(), Uuid::now_v7(), role))
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let gateway = Gateway::start(&[]).await;
    assert_eq!(gateway.get("/v1/nowhere").await.problem(), (404, "ROUTE_NOT_FOUND".to_owned()));
    let wrong = gateway.send(Method::DELETE, "/v1/tickets", &[], Body::empty()).await;
    assert_eq!(wrong.problem(), (405, "METHOD_NOT_ALLOWED".to_owned()));
    let mut allowed: Vec<&str> = wrong.headers["allow"].to_str().unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "POST"]);
    let english = gateway.send(Method::GET, "/v1/nowhere", &[("accept-language", "en")], Body::empty()).await;
    assert_eq!(english.json()["message"], "There is nothing at this address.");
}

#[tokio::test]
async fn a_token_is_needed_and_must_be_good_and_of_the_right_role() {
    let gateway = Gateway::start(&[]).await;
    assert_eq!(gateway.get("/v1/me").await.problem(), (401, "TOKEN_REQUIRED".to_owned()));
    let with = async |value: &str| {
        gateway.send(Method::GET, "/v1/me", &[("authorization", value)], Body::empty()).await.problem()
    };
    assert_eq!(with("Basic eDp5").await, (401, "TOKEN_REQUIRED".to_owned()));
    assert_eq!(with("Bearer nonsense").await, (401, "TOKEN_INVALID".to_owned()));
    let other = Gateway::start(&[]).await;
    assert_eq!(with(&bearer(&other, Role::Courier)).await, (401, "TOKEN_INVALID".to_owned()));
    let courier = bearer(&gateway, Role::Courier);
    let claim = format!("/v1/tickets/{}:claim", Uuid::now_v7());
    let claimed = gateway.send(Method::POST, &claim, &[("authorization", &courier), JSON], "{}").await;
    assert_eq!(claimed.problem(), (403, "ROLE_NOT_ALLOWED".to_owned()));
}

#[tokio::test]
async fn a_service_that_is_down_is_a_503_that_says_when_to_retry() {
    let gateway = Gateway::start(&[]).await;
    let answer = gateway.send(Method::POST, "/v1/session-codes", &[JSON], "{\"phone\":\"19900000001\"}").await;
    assert_eq!(answer.problem(), (503, "UNAVAILABLE".to_owned()));
    assert_eq!(
        (answer.json()["retryable"].as_bool(), answer.headers["retry-after"].to_str().unwrap()),
        (Some(true), "1")
    );
}

#[tokio::test]
async fn a_body_that_is_none_is_refused() {
    let gateway = Gateway::start(&[]).await;
    let send = async |kind: &str, body: &[u8]| {
        gateway.send(Method::POST, "/v1/session-codes", &[("content-type", kind)], body.to_vec()).await
    };
    assert_eq!(send("application/json", b"{").await.problem(), (400, "BODY_INVALID".to_owned()));
    assert_eq!(send("application/json", b"{\"phone\":\"\xff\"}").await.problem(), (400, "BODY_INVALID".to_owned()));
    assert_eq!(send("application/json", b"[]").await.json()["fields"][0]["field"], "body");
    assert_eq!(send("text/plain", b"{}").await.problem(), (415, "CONTENT_TYPE_UNSUPPORTED".to_owned()));
    let wrong = send("application/json; charset=utf-8", b"{\"phone\":1,\"fax\":\"2\"}").await;
    assert_eq!(wrong.problem(), (400, "FIELD_INVALID".to_owned()));
    let fields: Vec<&str> = wrong.json()["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap().to_owned().leak() as &str)
        .collect();
    assert_eq!(fields, ["fax", "phone"]);
}

#[tokio::test]
async fn a_large_body_is_refused_whether_it_announces_itself_or_not() {
    let gateway = Gateway::start(&[]).await;
    let large = gateway.send(Method::POST, "/v1/session-codes", &[JSON], vec![b' '; 20 << 20]).await;
    assert_eq!(large.problem(), (413, "BODY_TOO_LARGE".to_owned()));
    assert_eq!(large.json()["facts"]["limit"], "1 MiB");
    let chunks = (0..40).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 64 << 10])));
    let chunked =
        gateway.send(Method::POST, "/v1/session-codes", &[JSON], Body::from_stream(stream::iter(chunks))).await;
    assert_eq!(chunked.problem(), (413, "BODY_TOO_LARGE".to_owned()));
}

#[tokio::test]
async fn the_path_and_the_body_must_not_contradict_each_other() {
    let gateway = Gateway::start(&[]).await;
    let liaison = bearer(&gateway, Role::Liaison);
    let headers = [("authorization", liaison.as_str()), JSON];
    let claim = format!("/v1/tickets/{}:claim", Uuid::now_v7());
    let answer =
        gateway.send(Method::POST, &claim, &headers, format!("{{\"ticket_id\":\"{}\"}}", Uuid::now_v7())).await;
    assert_eq!(answer.json()["fields"][0]["field"], "ticket_id");
    let answer = gateway.send(Method::POST, &format!("{claim}?colour=red"), &headers, "").await;
    assert_eq!(answer.json()["fields"][0]["field"], "colour");
    let same = gateway.send(Method::POST, &claim, &headers, "").await;
    assert_eq!(same.problem(), (503, "UNAVAILABLE".to_owned()), "no body is an empty one");
}

#[tokio::test]
async fn bad_queries_name_the_parameter() {
    let gateway = Gateway::start(&[]).await;
    let courier = bearer(&gateway, Role::Courier);
    let get = async |query: &str| {
        gateway.send(Method::GET, &format!("/v1/tickets?{query}"), &[("authorization", &courier)], Body::empty()).await
    };
    for (query, field) in
        [("state=NOWHERE", "state"), ("page_size=x", "page_size"), ("colour=", "colour"), ("mine=perhaps", "mine")]
    {
        let answer = get(query).await;
        assert_eq!(answer.problem(), (400, "FIELD_INVALID".to_owned()), "{query}");
        assert_eq!(answer.json()["fields"][0]["field"], field, "{query}");
    }
    assert_eq!(get("state=&mine=&page_size=&page_token=").await.status, 503, "nothing chosen is no fault");
}

#[tokio::test]
async fn one_address_gets_so_many_requests_and_health_is_not_counted() {
    let settings = [("HEMEI_GATEWAY_REQUESTS_PER_MINUTE", "6"), ("HEMEI_GATEWAY_TRUSTED_PROXIES", "1")];
    let gateway = Gateway::start(&settings).await;
    let from = async |address: &str, path: &str| {
        gateway.send(Method::GET, path, &[("x-forwarded-for", address)], Body::empty()).await
    };
    assert_eq!(from("192.0.2.1", "/v1/me").await.status, 401);
    let limited = from("192.0.2.1", "/v1/me").await;
    assert_eq!(limited.problem(), (429, "RATE_LIMITED".to_owned()));
    assert!(limited.headers.contains_key("retry-after"));
    assert_eq!(from("192.0.2.1", "/healthz").await.status, 200);
    assert_eq!(from("192.0.2.2", "/v1/me").await.status, 401);
}

#[tokio::test]
async fn too_much_at_once_is_refused_fast() {
    let gateway = Gateway::start(&[("HEMEI_MAX_IN_FLIGHT", "0")]).await;
    let token = format!("Bearer {}", gateway.token(Uuid::now_v7(), Uuid::now_v7(), Role::Courier));
    let refused = gateway.send(Method::GET, "/v1/me", &[("authorization", &token)], Body::empty()).await;
    assert_eq!(refused.problem(), (429, "OVERLOADED".to_owned()));
    assert_eq!(gateway.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_stopping_gateway_finishes_what_it_has_begun() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let gateway = Gateway::start(&[]).await;
    let mut stream = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    let head = "POST /v1/session-codes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).await.unwrap();
    assert!(begun.starts_with(b"HTTP/1.1 100"), "the body is waited for: {begun:?}");
    gateway.stop();
    stream.write_all(b"{").await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("400 Bad Request") && rest.contains("BODY_INVALID"), "{rest}");
    gateway.stopped().await;
}
