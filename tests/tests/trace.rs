//! One trace from the HTTP request through gRPC and SQL to the event's effect in the other service.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{body::Bytes, http::header, response::IntoResponse};
use hemei_tests::{Instance, people, retry, tickets, tickets::Cast};
use http::{Method, Request};
use http_body_util::Full;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use uuid::Uuid;

/// Trace id → service → names of its spans.
type Seen = Arc<Mutex<BTreeMap<String, BTreeMap<String, BTreeSet<String>>>>>;

fn remember(seen: &Seen, body: &[u8]) {
    let request =
        ExportTraceServiceRequest::decode(&body[5..]).expect("an export request behind the five bytes of its frame");
    for group in request.resource_spans {
        let attributes = group.resource.unwrap_or_default().attributes;
        let name = attributes
            .into_iter()
            .find(|attribute| attribute.key == "service.name")
            .and_then(|attribute| attribute.value);
        let service = format!("{:?}", name.and_then(|value| value.value));
        for span in group.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let trace = span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
            seen.lock().unwrap().entry(trace).or_default().entry(service.clone()).or_default().insert(span.name);
        }
    }
}

async fn collector() -> (String, Seen) {
    let seen = Seen::default();
    let remembered = seen.clone();
    let router = axum::Router::new().fallback(move |body: Bytes| {
        remember(&remembered, &body);
        async { ([(header::CONTENT_TYPE.as_str(), "application/grpc"), ("grpc-status", "0")], "").into_response() }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_one_trace_until_the_points_are_pending() {
    let (address, seen) = collector().await;
    let start = move || {
        Instance::start_with(&[], &[("HEMEI_OTLP_ENDPOINT", address.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "200")])
    };
    let instance = tokio::task::spawn_blocking(start).await.unwrap().unwrap();
    let district = people::all(&instance.client()).await.unwrap()[0].district_id.clone();
    let cast = Cast::find(&instance.client(), &district).await.unwrap();
    let id = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await.unwrap().success().unwrap();

    let trace = Uuid::now_v7().simple().to_string();
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://127.0.0.1:{}/v1/tickets/{id}:claim", instance.port))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", cast.as_liaison.token.as_deref().unwrap()))
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .body(Full::from("{}"))
        .unwrap();
    instance.client().raw(request).await.unwrap().success().unwrap();

    let wanted = [("gateway", "claim"), ("tickets", "Claim"), ("tickets", "sql"), ("incentives", "award")];
    let complete = async || {
        let seen = seen.lock().unwrap().get(&trace).cloned().unwrap_or_default();
        let has = |service: &str, part: &str| {
            seen.iter().any(|(name, spans)| name.contains(service) && spans.iter().any(|span| span.contains(part)))
        };
        let missing: Vec<_> = wanted.iter().filter(|(service, part)| !has(service, part)).collect();
        if missing.is_empty() { Ok(Some(())) } else { anyhow::bail!("missing {missing:?} in {seen:#?}") }
    };
    retry::until("one trace in three services", Duration::from_secs(15), complete).await.unwrap();
    let text = format!("{:?}", seen.lock().unwrap());
    assert!(!text.contains(&cast.courier.phone) && !text.contains(&cast.courier.name), "no personal data in the spans");
    tokio::task::spawn_blocking(|| drop(instance)).await.unwrap();
}
