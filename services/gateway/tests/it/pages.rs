use axum::body::Body;
use http::Method;

use crate::harness::Gateway;

#[tokio::test]
async fn the_pages_load_nothing_from_another_host() {
    let gateway = Gateway::start(&[("HEMEI_MESSAGES", "sandbox")]).await;
    for path in [
        "/",
        "/docs/",
        "/docs/docs.js",
        "/docs/pages.css",
        "/setup/",
        "/setup/setup.js",
        "/sandbox/",
        "/sandbox/sandbox.js",
    ] {
        let page = gateway.get(path).await;
        let text = std::str::from_utf8(&page.bytes).unwrap();
        assert_eq!(page.status, 200, "{path}");
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("=\"//"), "{path}");
        assert!(!text.contains("<style") && !text.contains(" style="), "{path}: the policy forbids it");
        assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"), "{path}");
        assert_eq!(
            (&page.headers["x-content-type-options"], &page.headers["x-frame-options"]),
            (&"nosniff".parse().unwrap(), &"DENY".parse().unwrap())
        );
    }
    let moved = gateway.get("/setup?token=abc").await;
    assert_eq!((moved.status.as_u16(), moved.headers["location"].to_str().unwrap()), (308, "/setup/?token=abc"));
}

#[tokio::test]
async fn the_openapi_document_is_not_sent_twice() {
    let gateway = Gateway::start(&[]).await;
    let first = gateway.get("/openapi.json").await;
    assert_eq!((first.status.as_u16(), &first.json()["openapi"]), (200, &"3.1.0".into()));
    let etag = first.headers["etag"].to_str().unwrap();
    let second = gateway.send(Method::GET, "/openapi.json", &[("if-none-match", etag)], Body::empty()).await;
    assert_eq!((second.status.as_u16(), second.bytes.len()), (304, 0));
}

#[tokio::test]
async fn the_sandbox_exists_in_sandbox_mode_only() {
    let real = Gateway::start(&[]).await;
    for path in [
        "/sandbox/",
        "/sandbox",
        "/sandbox/sandbox.js",
        "/sandbox/people.json",
        "/sandbox/messages.json",
        "/sandbox/wechat/transfers",
    ] {
        assert_eq!(real.get(path).await.problem(), (404, "ROUTE_NOT_FOUND".to_owned()), "{path}");
    }
    assert!(!String::from_utf8_lossy(&real.get("/").await.bytes).contains("/sandbox/"));
    let sandbox = Gateway::start(&[("HEMEI_MESSAGES", "sandbox")]).await;
    assert!(String::from_utf8_lossy(&sandbox.get("/").await.bytes).contains("/sandbox/"));
    assert_eq!(sandbox.get("/sandbox/people.json?per_role=x").await.problem(), (400, "FIELD_INVALID".to_owned()));
    assert_eq!(sandbox.get("/sandbox/people.json").await.problem(), (503, "UNAVAILABLE".to_owned()));
}

#[tokio::test]
async fn the_sandbox_is_not_shown_through_a_proxy_or_under_another_name() {
    let gateway = Gateway::start(&[("HEMEI_MESSAGES", "sandbox")]).await;
    assert_eq!(gateway.get("/sandbox/").await.status.as_u16(), 200);
    for header in [("x-forwarded-for", "8.8.8.8"), ("forwarded", "for=8.8.8.8"), ("host", "evil.example")] {
        let through = gateway.send(Method::GET, "/sandbox/messages.json", &[header], Body::empty()).await;
        assert_eq!(through.problem(), (404, "ROUTE_NOT_FOUND".to_owned()), "{header:?}");
    }
}

#[tokio::test]
async fn health_is_answered_and_named() {
    let gateway = Gateway::start(&[]).await;
    let health = gateway.send(Method::GET, "/healthz", &[("x-request-id", "abc-1")], Body::empty()).await;
    assert_eq!((health.status.as_u16(), &health.bytes[..]), (200, &b"ok"[..]));
    assert_eq!(health.headers["x-request-id"], "abc-1");
    let head = gateway.send(Method::HEAD, "/healthz", &[], Body::empty()).await;
    assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0));
}

#[test]
fn the_names_that_clients_are_written_against_are_there() {
    let names = [
        ("post", "/v1/session-codes"),
        ("post", "/v1/sessions"),
        ("post", "/v1/sessions:refresh"),
        ("post", "/v1/sessions:sign_out"),
        ("get", "/v1/me"),
        ("get", "/v1/places"),
        ("get", "/v1/places:locate"),
        ("post", "/v1/media"),
        ("get", "/v1/media/{media_id}"),
        ("post", "/v1/tickets"),
        ("get", "/v1/tickets"),
        ("get", "/v1/tickets/{ticket_id}"),
        ("get", "/v1/tickets/{ticket_id}/events"),
        ("post", "/v1/tickets/{ticket_id}:claim"),
        ("post", "/v1/tickets/{ticket_id}:dispatch"),
        ("post", "/v1/tickets/{ticket_id}:accept"),
        ("post", "/v1/tickets/{ticket_id}:resolve"),
        ("post", "/v1/tickets/{ticket_id}:rate"),
        ("get", "/v1/departments"),
        ("get", "/v1/categories"),
        ("get", "/v1/points"),
        ("get", "/v1/points/entries"),
        ("get", "/v1/prizes"),
        ("post", "/v1/redemptions"),
        ("get", "/v1/redemptions"),
        ("post", "/v1/redemptions/{redemption_id}:cancel"),
        ("post", "/v1/redemptions:hand_over"),
        ("get", "/v1/funds/{place_id}"),
        ("get", "/v1/funds/{place_id}/entries"),
        ("post", "/v1/funds/{place_id}/entries"),
        ("get", "/sandbox/people.json"),
        ("get", "/sandbox/messages.json"),
        ("get", "/healthz"),
    ];
    let document = gateway::openapi();
    for (method, path) in names {
        assert!(document["paths"][path][method].is_object(), "{method} {path}");
    }
}
