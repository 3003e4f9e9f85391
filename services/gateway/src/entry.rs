//! Where every request comes in: shield, route, answer, and the headers all answers have.
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    response::Response,
};
use chassis::telemetry::RouteLabel;
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_LANGUAGE, CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
    request::Parts,
};

use crate::{
    app::{App, Target},
    hand_written,
    problem::Problem,
    routes::Found,
    shield::client_address,
};

/// A request with what is known of it.
pub struct Asked<'a> {
    pub parts: Parts,
    pub body: Body,
    /// What the path says, by field.
    pub values: Vec<(&'a str, String)>,
    pub address: IpAddr,
    pub since: Instant,
}

/// Answers any request; a refusal is a problem document.
pub async fn answer(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let language = parts.headers.get(ACCEPT_LANGUAGE).cloned();
    let address = client_address(peer.ip(), &parts.headers, app.own.trusted_proxies);
    let (path, method) = (parts.uri.path().to_owned(), parts.method.clone());
    let (label, outcome) = match app.routes.find(&method, &path) {
        Found::Route { target, values } => {
            let asked = Asked { parts, body, values, address, since: Instant::now() };
            (target.label(), lead(&app, target, asked).await)
        }
        Found::Methods(methods) => {
            let allowed = methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
            let detail = format!("allowed: {allowed}");
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail);
            ("other", Err(Problem { allow: Some(allowed.clone()), ..problem.fact("allowed", &allowed) }))
        }
        Found::Nothing => ("other", Err(not_found())),
    };
    let mut response = outcome.unwrap_or_else(|problem| problem.into_response(language.as_ref()));
    response.extensions_mut().insert(RouteLabel(label.to_owned()));
    let headers = response.headers_mut();
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// 404: no such address.
pub fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "ROUTE_NOT_FOUND", "no such route; /openapi.json lists all of them")
}

async fn lead(app: &App, target: &Target, asked: Asked<'_>) -> Result<Response, Problem> {
    if let Target::Hand(hand) = target
        && hand.unlimited
    {
        return hand_written::lead(app, hand, asked).await;
    }
    app.shield.take(asked.address, asked.since).map_err(|wait| {
        let problem =
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "too many requests from this address");
        problem.retry_after(wait)
    })?;
    match target {
        Target::Rpc(rpc) => rpc.call(app, asked).await,
        Target::Hand(hand) => hand_written::lead(app, hand, asked).await,
    }
}
