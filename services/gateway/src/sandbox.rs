//! What the sandbox shows: people to try the suite as, and the messages that stayed inside.
use axum::{Router, body::Body, response::Response};
use chassis::sandbox;
use http::{
    HeaderValue,
    header::{CONTENT_TYPE, FORWARDED, HOST},
};
use proto::{
    api::v1::post::Role,
    residents::v1::{
        ListSandboxPeopleRequest, list_sandbox_people_response::SandboxPerson,
        sandbox_service_client::SandboxServiceClient,
    },
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{app::App, entry::Asked, problem::Problem, text::query_pairs};

/// Whether a request comes from this machine itself: not through a proxy or a tunnel, and not by another name for this machine.
pub fn is_at_home(asked: &Asked<'_>) -> bool {
    let (headers, uri) = (&asked.parts.headers, &asked.parts.uri);
    let forwarded = [FORWARDED.as_str(), "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
    let host =
        headers.get(HOST).and_then(|host| host.to_str().ok()).or_else(|| uri.authority().map(|name| name.as_str()));
    let name = host.map(|host| host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host, |(name, _)| name));
    asked.address.is_loopback()
        && !forwarded.iter().any(|name| headers.contains_key(*name))
        && name.is_none_or(|name| ["127.0.0.1", "localhost", "[::1]"].contains(&name))
}

/// `GET /sandbox/people.json`: people of every role, or of `role` only; `per_role` says how many.
pub async fn people(app: &App, query: Option<&str>) -> Result<Response, Problem> {
    let per_role = match parameter(query, "per_role") {
        Some(value) => value.parse().ok().filter(|many| (0..=1000).contains(many)).ok_or_else(|| {
            Problem::fields(
                "FIELD_INVALID",
                vec![("per_role".to_owned(), "must be a whole number from 0 to 1000".to_owned())],
            )
        })?,
        None => 0,
    };
    let role = parameter(query, "role");
    let mut client = SandboxServiceClient::new(app.residents.clone());
    let answer = client.list_sandbox_people(ListSandboxPeopleRequest { per_role }).await?.into_inner();
    let people =
        answer.people.iter().map(person).filter(|person| role.is_none() || person["role"].as_str() == role.as_deref());
    let people: Vec<Value> = people.collect();
    Ok(json_response(&json!({ "people": people })))
}

fn person(person: &SandboxPerson) -> Value {
    let role = Role::try_from(person.role).map(|role| role.as_str_name()).ok();
    let location = person.location.as_ref().map(|at| json!({"lng": at.lng, "lat": at.lat, "crs": at.crs}));
    json!({
        "person_id": person.person_id,
        "name": person.name,
        "role": role,
        "place_name": person.place_name,
        "place_id": person.place_id,
        "phone": person.phone,
        "department_id": person.department_id,
        "location": location,
        "district_id": person.district_id,
        "district_name": person.district_name,
    })
}

fn parameter(query: Option<&str>, wanted: &str) -> Option<String> {
    let pairs = query_pairs(query.unwrap_or_default()).unwrap_or_default();
    pairs.into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// `GET /sandbox/messages.json`: newest first; `to` picks one receiver.
pub async fn messages(app: &App, query: Option<&str>) -> Result<Response, Problem> {
    let mut messages = sandbox::list(&app.cache).await?;
    if let Some(to) = parameter(query, "to") {
        messages.retain(|message| message.to == to);
    }
    Ok(json_response(&json!({ "messages": messages })))
}

fn json_response(value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `/sandbox/wecom/…`, `/sandbox/wechat/…`: the other side of a foreign system, below a prefix.
pub async fn other_side(side: &Router, prefix: &str, asked: Asked<'_>) -> Response {
    let (mut parts, body) = (asked.parts, asked.body);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = path.strip_prefix(prefix).unwrap_or(path);
    match path.parse() {
        Ok(uri) => parts.uri = uri,
        Err(_) => return Response::new(Body::empty()),
    }
    let answer = side.clone().oneshot(http::Request::from_parts(parts, body)).await;
    answer.unwrap_or_else(|never| match never {})
}
