use std::{convert::Infallible, io, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use serde_json::Value;
use tower::{Layer as _, ServiceExt, service_fn};
use tracing::Instrument;
use uuid::Uuid;

use super::*;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn only(&self) -> Value {
        let lines = self.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines[0].clone()
    }
}

/// Logs, spans and metrics for this thread only.
fn listen() -> (Written, tracing::subscriber::DefaultGuard) {
    let written = Written::default();
    let writer = written.clone();
    let logs = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || writer.clone());
    let tracer = provider("", "test").unwrap().tracer("test");
    // the span's name shows that another log level does not end the trace
    let logs = logs.with_filter(EnvFilter::new("warn,request=info"));
    let guard = tracing_subscriber::registry().with(spans(tracer)).with(logs).set_default();
    (written, guard)
}

fn grpc(path: &str) -> http::request::Builder {
    Request::post(path).header("content-type", "application/grpc")
}

/// Sends a request through the layer to a service and reads the whole answer.
async fn send<F, Fut, B>(request: http::request::Builder, service: F) -> http::response::Parts
where
    F: FnMut(Request<()>) -> Fut,
    Fut: Future<Output = Result<Response<B>, Infallible>> + Send + 'static,
    B: http_body::Body + Unpin,
    B::Error: std::fmt::Debug,
{
    let service = RequestLog::new("test").layer(service_fn(service));
    let (head, body) = service.oneshot(request.body(()).unwrap()).await.unwrap().into_parts();
    body.collect().await.unwrap();
    head
}

async fn fine(_: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("fine")))
}

fn known_path() -> &'static str {
    proto::methods().keys().min().unwrap()
}

#[tokio::test]
async fn a_request_is_one_line_without_anything_personal() {
    let (written, _guard) = listen();
    let request = Request::get("/v1/people/13800000000?phone=13800000000").header("authorization", "Bearer secret");
    let district = Uuid::from_u128(5);
    send(request, move |_| async move {
        note_district(district);
        let mut response = Response::new(Full::<Bytes>::from("Zhang San"));
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        response.extensions_mut().insert(RouteLabel("/v1/people/{person_id}".to_owned()));
        Ok(response)
    })
    .await;
    let line = written.only();
    assert_eq!((&line["role"], &line["method"], &line["status"]), (&"test".into(), &"GET".into(), &404.into()));
    assert_eq!((&line["route"], &line["target"]), (&"/v1/people/{person_id}".into(), &"request".into()));
    assert_eq!(line["district_id"], district.to_string());
    assert!(line["milliseconds"].is_f64() && line["trace_id"].as_str().unwrap().len() == 32);
    for personal in ["13800000000", "secret", "Zhang San"] {
        assert!(!line.to_string().contains(personal), "{line}");
    }
}

#[tokio::test]
async fn the_line_is_written_when_the_body_is_over_and_has_the_status_behind_it() {
    let (written, _guard) = listen();
    let watch = written.clone();
    send(grpc(known_path()), move |_| {
        let watch = watch.clone();
        async move {
            assert!(watch.lines().is_empty());
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "9".parse().unwrap());
            let body = Full::<Bytes>::from("row").with_trailers(std::future::ready(Some(Ok(trailers))));
            Ok(Response::new(Box::pin(body)))
        }
    })
    .await;
    let line = written.only();
    assert_eq!((&line["grpc_status"], &line["route"]), (&"FailedPrecondition".into(), &known_path().into()));
}

#[tokio::test]
async fn a_refusal_without_a_body_has_its_status_in_the_head() {
    let (written, _guard) = listen();
    send(grpc(known_path()), |_| async {
        Ok(Response::builder().header("grpc-status", "5").body(Empty::<Bytes>::new()).unwrap())
    })
    .await;
    assert_eq!(written.only()["grpc_status"], "NotFound");
}

#[tokio::test]
async fn a_caller_who_leaves_is_logged_too() {
    let (written, _guard) = listen();
    let never = service_fn(|_: Request<()>| std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>());
    let mut call = Box::pin(RequestLog::new("test").layer(never).oneshot(grpc(known_path()).body(()).unwrap()));
    assert!(futures::poll!(&mut call).is_pending());
    drop(call);
    let line = written.only();
    assert_eq!((&line["status"], &line["grpc_status"]), (&499.into(), &"Cancelled".into()));
}

#[tokio::test]
async fn unknown_paths_share_one_label() {
    let (written, _guard) = listen();
    send(grpc("/made.up.Service/Attack1"), fine).await;
    send(Request::get("/v1/made/up/2"), fine).await;
    assert!(written.lines().iter().all(|line| line["route"] == "other"));
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_any_other_replaced() {
    let (written, _guard) = listen();
    let long = "a".repeat(65);
    for (given, kept) in [("Ab-1", true), ("", false), ("a b", false), ("a\u{7f}", false), (long.as_str(), false)] {
        let mut request = Request::get("/");
        if let Ok(value) = http::HeaderValue::from_bytes(given.as_bytes()) {
            request = request.header(REQUEST_ID, value);
        }
        let head = send(request, |request: Request<()>| {
            let seen = request.headers()[REQUEST_ID].to_str().unwrap().to_owned();
            async move {
                let mut outgoing = HeaderMap::new();
                inject(&mut outgoing);
                assert_eq!(
                    (request_id().unwrap(), outgoing[REQUEST_ID].to_str().unwrap()),
                    (seen.clone(), seen.as_str())
                );
                fine(Request::new(())).await
            }
        })
        .await;
        let id = head.headers[REQUEST_ID].to_str().unwrap();
        assert_eq!(id == given, kept, "{given}");
        assert_eq!(written.lines().last().unwrap()["request_id"], id);
    }
    assert_eq!(request_id(), None);
}

#[tokio::test]
async fn one_trace_goes_through_a_request_into_the_next_call() {
    let (written, _guard) = listen();
    send(Request::get("/").header("traceparent", PARENT), |_| async {
        let mut outgoing = HeaderMap::new();
        inject(&mut outgoing);
        let sent = outgoing["traceparent"].to_str().unwrap();
        assert!(sent.contains(TRACE) && !sent.contains("b7ad6b7169203331"), "{sent}");
        let inner = tracing::info_span!("inner");
        let inner = async { traceparent_of_current() }.instrument(inner).await;
        assert!(inner.contains(TRACE) && inner != sent);
        fine(Request::new(())).await
    })
    .await;
    assert_eq!(written.only()["trace_id"], TRACE);
}

#[test]
fn a_stored_trace_is_followed_later() {
    let (_written, _guard) = listen();
    let span = tracing::info_span!("apply");
    follow(&span, PARENT);
    assert!(span.in_scope(traceparent_of_current).contains(TRACE));
    for text in ["", "nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
        let span = tracing::info_span!("apply");
        follow(&span, text);
        let own = span.in_scope(traceparent_of_current);
        assert!(own.len() == 55 && !own.contains(TRACE), "{own}");
    }
    assert_eq!(traceparent_of_current(), "", "outside of any span");
}

#[test]
fn metrics_count_by_route_and_status() {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("request_seconds".to_owned()), &SECONDS)
        .unwrap()
        .build_recorder();
    let metrics = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        for _ in 0..2 {
            runtime.block_on(send(Request::get("/x").extension(RouteLabel("/x".to_owned())), fine));
        }
        runtime.block_on(send(grpc(known_path()), |_| async {
            Ok(Response::builder().header("grpc-status", "0").body(Empty::<Bytes>::new()).unwrap())
        }));
    });
    let text = metrics.render();
    for line in [
        r#"requests_total{route="/x",status="200"} 2"#.to_owned(),
        format!(r#"requests_total{{route="{}",status="Ok"}} 1"#, known_path()),
        r#"request_seconds_bucket{route="/x",le="0.001"}"#.to_owned(),
        r#"request_seconds_count{route="/x"} 2"#.to_owned(),
        "requests_in_flight 0".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn a_process_starts_telemetry_once() {
    let defaults = include_str!("../../../hemei/config/default.toml");
    let settings = crate::config::load(defaults, None, "gateway", []).unwrap().settings;
    init(&settings, "gateway").unwrap();
    let again = init(&settings, "another").unwrap();
    send(Request::get("/started"), fine).await;
    assert!(render_metrics().contains("requests_total"));
    again.flush();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_reach_a_collector_under_the_name_of_the_role() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let collector = axum::Router::new().fallback(move |uri: http::Uri, body: Bytes| {
        let _ = sender.send((uri.path().to_owned(), body));
        async { ([("content-type", "application/grpc"), ("grpc-status", "0")], "") }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, collector).await });

    let provider = provider(&endpoint, "test").unwrap();
    let subscriber = tracing_subscriber::registry().with(spans(provider.tracer("test")));
    tracing::subscriber::with_default(subscriber, || {
        let span = tracing::info_span!("request", otel.name = "first name");
        follow(&span, PARENT);
        span.record("otel.name", "/v1/things");
    });
    let flushed = tokio::task::spawn_blocking(move || provider.force_flush());
    let sent = tokio::time::timeout(Duration::from_secs(5), received.recv()).await.unwrap().unwrap();
    flushed.await.unwrap().ok();
    assert_eq!(sent.0, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    let body = String::from_utf8_lossy(&sent.1).into_owned();
    assert!(body.contains("hemei-test") && body.contains("/v1/things") && !body.contains("first name"), "{body}");
}
