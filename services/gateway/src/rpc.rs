//! One JSON request to one RPC and back.
use std::time::{Duration, Instant};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use chassis::faults::Fault;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    uri::PathAndQuery,
};
use proto::{
    api::v1::Access,
    google::api::{HttpRule, http_rule::Pattern},
};
use ring::digest;
use serde_json::Value;

use crate::{
    app::App,
    body,
    entry::Asked,
    problem::Problem,
    text::query_pairs,
    transcode::{self, NotJson, Schema, write::text_field},
    upstream::{self, Upstreams},
};

/// How long a call may take in all; a client may ask for less with `x-timeout-ms`.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a hop costs: the service gives up that much earlier than its caller.
const HOP: Duration = Duration::from_millis(20);

/// What a request's body stands for.
enum Takes {
    Nothing,
    /// The request message.
    Whole,
    /// One field of it.
    Field(String),
}

/// One way to call an RPC over HTTP, prepared at the start.
pub struct Rpc {
    pub template: String,
    pub access: Access,
    role: &'static str,
    path: PathAndQuery,
    input: usize,
    output: usize,
    takes: Takes,
    /// The number of the answer's field `etag`.
    etag: Option<u32>,
}

impl Rpc {
    /// Every way to call a method: none where it is internal or has no HTTP rule.
    pub fn all_of(
        method: &proto::Method,
        upstreams: &Upstreams,
        schema: &mut Schema,
    ) -> Result<Vec<(Method, String, Self)>, Fault> {
        let (Some(access), Some(rule)) = (&method.access, &method.http) else { return Ok(Vec::new()) };
        if access.internal {
            return Ok(Vec::new());
        }
        let (input, output) = (method.descriptor.input(), method.descriptor.output());
        let package = method.descriptor.parent_service().package_name().to_owned();
        let role = upstreams.role_of(&package).ok_or_else(|| Fault::internal(format!("{package}: no such role")))?;
        let etag = output.get_field_by_name("etag").map(|field| field.number());
        let (input, output) =
            (schema.add(&input).map_err(Fault::internal)?, schema.add(&output).map_err(Fault::internal)?);
        let ways = std::iter::once(rule).chain(&rule.additional_bindings).filter_map(|rule| {
            let (http_method, template) = pattern(rule)?;
            let takes = match rule.body.as_str() {
                "" => Takes::Nothing,
                "*" => Takes::Whole,
                field => Takes::Field(field.to_owned()),
            };
            Some((http_method, template, takes))
        });
        let path: PathAndQuery = method.path.parse().map_err(Fault::internal)?;
        let ways = ways.map(|(http_method, template, takes)| {
            let (path, access) = (path.clone(), access.clone());
            let rpc = Self { template: template.clone(), access, role, path, input, output, takes, etag };
            (http_method, template, rpc)
        });
        Ok(ways.collect())
    }

    /// Answers a request with what the service says.
    pub async fn call(&self, app: &App, mut asked: Asked<'_>) -> Result<Response, Problem> {
        app.admit(&self.access, &asked.parts.headers).await?;
        let message = self.message(app, &mut asked).await?;
        // only now, when the body is here: who sends slowly must not keep others out
        let _permit = app.in_flight.try_acquire().map_err(|_| Problem::overloaded())?;
        let patience = patience(&asked.parts.headers).saturating_sub(asked.since.elapsed());
        let timeout = patience.checked_sub(HOP).ok_or_else(Problem::timed_out)?;
        let request = upstream::request(message, &asked.parts.headers, &asked.address.to_string(), timeout);
        let answer = app.upstreams.call(self.role, &self.path, request);
        let answer = tokio::time::timeout(patience, answer).await.map_err(|_| Problem::timed_out())??;
        self.respond(&app.schema, &asked, &answer)
    }

    /// The request's message: the body, then the query's fields, then the path's, the later winning.
    async fn message(&self, app: &App, asked: &mut Asked<'_>) -> Result<Vec<u8>, Problem> {
        let (mut message, mut faults) = (Vec::new(), Vec::new());
        if !matches!(self.takes, Takes::Nothing) {
            let body = std::mem::replace(&mut asked.body, Body::empty());
            let deadline = asked.since + patience(&asked.parts.headers);
            let value = self.json(body, &asked.parts.headers, deadline).await?;
            faults.extend(contradictions(&value, &asked.values));
            faults.extend(transcode::body(&app.schema, self.input, &value, &mut message).err().unwrap_or_default());
        }
        let not_text = || Problem::fields("FIELD_INVALID", vec![("query".to_owned(), "must be UTF-8".to_owned())]);
        let pairs = query_pairs(asked.parts.uri.query().unwrap_or_default()).ok_or_else(not_text)?;
        for (at, (name, text)) in pairs.iter().enumerate() {
            let again = pairs.iter().take(at).any(|(own, _)| own == name);
            let bound = matches!(self.takes, Takes::Whole) || asked.values.iter().any(|(own, _)| own == name);
            if bound {
                faults.push((name.clone(), "unknown parameter".to_owned()));
            } else if again && !transcode::repeats(&app.schema, self.input, name) {
                faults.push((name.clone(), "given more than once".to_owned()));
            } else {
                // "?state=" is how a form says that nothing was chosen
                let mut bytes = Vec::new();
                let set = transcode::parameter(&app.schema, self.input, name, text, &mut bytes);
                match set {
                    Ok(()) => message.append(&mut bytes),
                    Err(unknown) if !text.is_empty() || is_unknown(&unknown) => faults.extend(unknown),
                    Err(_) => {}
                }
            }
        }
        for (name, text) in &asked.values {
            let set = transcode::parameter(&app.schema, self.input, name, text, &mut message);
            faults.extend(set.err().unwrap_or_default());
        }
        if faults.is_empty() { Ok(message) } else { Err(Problem::fields("FIELD_INVALID", faults)) }
    }

    async fn json(&self, body: Body, headers: &HeaderMap, deadline: Instant) -> Result<Value, Problem> {
        let bytes = body::json(body, headers, deadline).await?;
        let value = if bytes.is_empty() { Value::Object(serde_json::Map::new()) } else { parsed(&bytes)? };
        Ok(match &self.takes {
            Takes::Field(field) => Value::Object([(field.clone(), value)].into_iter().collect()),
            _ => value,
        })
    }

    /// The answer's own etag, and where it is read what its bytes are: names and signed addresses in it change without its version.
    fn etag(&self, answer: &[u8], reading: bool) -> Option<String> {
        let own = self.etag.and_then(|number| text_field(answer, number)).map(|own| own.trim_matches('"'));
        match own.filter(|own| !own.is_empty()) {
            Some(own) if reading => Some(format!("\"{own}-{:08x}\"", hash(answer) >> 32)),
            Some(own) => Some(format!("\"{own}\"")),
            None => reading.then(|| format!("\"{:016x}\"", hash(answer))),
        }
    }

    fn respond(&self, schema: &Schema, asked: &Asked<'_>, answer: &Bytes) -> Result<Response, Problem> {
        let reading = asked.parts.method == Method::GET || asked.parts.method == Method::HEAD;
        let etag = self.etag(answer, reading).and_then(|etag| HeaderValue::try_from(etag).ok());
        let known = asked.parts.headers.get(IF_NONE_MATCH);
        let unchanged = reading && etag.as_ref().zip(known).is_some_and(|(etag, known)| matches_any(known, etag));
        let mut response = if unchanged {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let mut json = Vec::with_capacity(answer.len() * 3 + 256);
            let written = transcode::write(schema, self.output, answer, &mut json);
            written.map_err(|error| Problem::internal(&error))?;
            let mut response = Response::new(Body::from(json));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(if reading { "private, no-cache" } else { "no-store" }));
        headers.insert(VARY, HeaderValue::from_static("Authorization"));
        if let Some(etag) = etag {
            headers.insert(ETAG, etag);
        }
        Ok(response)
    }
}

/// The method and template of a rule.
pub fn pattern(rule: &HttpRule) -> Option<(Method, String)> {
    let (method, template) = match rule.pattern.as_ref()? {
        Pattern::Get(path) => (Method::GET, path),
        Pattern::Put(path) => (Method::PUT, path),
        Pattern::Post(path) => (Method::POST, path),
        Pattern::Delete(path) => (Method::DELETE, path),
        Pattern::Patch(path) => (Method::PATCH, path),
        Pattern::Custom(custom) => (Method::from_bytes(custom.kind.as_bytes()).ok()?, &custom.path),
    };
    Some((method, template.clone()))
}

fn patience(headers: &HeaderMap) -> Duration {
    let asked = headers.get("x-timeout-ms").and_then(|value| value.to_str().ok()?.parse().ok());
    asked.map_or(PATIENCE, Duration::from_millis).min(PATIENCE)
}

fn parsed(bytes: &[u8]) -> Result<Value, Problem> {
    let wrong = |what: String| Problem::fields("BODY_INVALID", vec![("body".to_owned(), what)]);
    let text =
        std::str::from_utf8(bytes).map_err(|error| wrong(format!("not UTF-8 after byte {}", error.valid_up_to())))?;
    transcode::parse(text).map_err(|error| match error {
        NotJson::Fields(faults) => Problem::fields("FIELD_INVALID", faults),
        NotJson::Text(what) => wrong(format!("not JSON: {what}")),
    })
}

/// Fields that the body and the path name differently.
fn contradictions(value: &Value, values: &[(&str, String)]) -> transcode::Faults {
    let differ =
        values.iter().filter(|(name, text)| value.get(*name).and_then(Value::as_str).is_some_and(|own| own != text));
    differ.map(|(name, _)| ((*name).to_owned(), "differs from the path".to_owned())).collect()
}

fn is_unknown(faults: &transcode::Faults) -> bool {
    faults.iter().any(|(_, wrong)| wrong.starts_with("unknown"))
}

/// Tells one answer from another. JSON is made of the bytes and of nothing else.
fn hash(answer: &[u8]) -> u64 {
    let hash = digest::digest(&digest::SHA256, answer);
    hash.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// Whether an If-None-Match header names this etag.
pub fn matches_any(header: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(header), Ok(etag)) = (header.to_str(), etag.to_str()) else { return false };
    header.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == etag)
}
