//! The pages people see: self-contained, nothing from another host.
use axum::{
    body::{Body, Bytes},
    response::Response,
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION},
};

use crate::{entry::not_found, problem::Problem, rpc::matches_any};

const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

static FILES: &[(&str, &str, &str)] = &[
    ("docs.html", HTML, include_str!("pages/docs.html")),
    ("docs.js", SCRIPT, include_str!("pages/docs.js")),
    ("pages.css", "text/css; charset=utf-8", include_str!("pages/pages.css")),
    ("setup.html", HTML, include_str!("pages/setup.html")),
    ("setup.js", SCRIPT, include_str!("pages/setup.js")),
    ("sandbox.html", HTML, include_str!("pages/sandbox.html")),
    ("sandbox.js", SCRIPT, include_str!("pages/sandbox.js")),
];

/// Something that does not change while the gateway runs, with its etag.
pub struct Document {
    content_type: &'static str,
    text: Bytes,
    etag: String,
}

impl Document {
    pub fn new(content_type: &'static str, text: String) -> Self {
        let etag = format!("\"{}\"", hash(&text));
        Self { content_type, text: text.into(), etag }
    }

    /// The document, or 304 for who has it.
    pub fn respond(&self, headers: &HeaderMap) -> Response {
        respond(self.content_type, self.text.clone(), &self.etag, headers)
    }
}

/// A file of the pages.
pub fn file(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let (_, kind, text) = FILES.iter().find(|(own, ..)| *own == name).ok_or_else(not_found)?;
    Ok(respond(kind, Bytes::from_static(text.as_bytes()), &format!("\"{}\"", hash(text)), headers))
}

/// Sends on to another address, with the query.
pub fn redirect(path: &str, query: Option<&str>) -> Response {
    let address = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(address) = HeaderValue::try_from(address) {
        response.headers_mut().insert(LOCATION, address);
    }
    response
}

/// `GET /`: where to go from here.
pub fn index(sandbox: bool) -> Response {
    let inbox = if sandbox {
        "<li><a href=\"/sandbox/\">沙箱</a>：先选一位登录人物，验证码在外发收件箱里</li>"
    } else {
        ""
    };
    let page = include_str!("pages/index.html").replace("<!--sandbox-->", inbox);
    html_headers(HTML, Response::new(Body::from(page)))
}

fn respond(kind: &'static str, text: Bytes, etag: &str, headers: &HeaderMap) -> Response {
    let Ok(etag) = HeaderValue::try_from(etag) else { return html_headers(kind, Response::new(Body::from(text))) };
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| matches_any(known, &etag));
    let mut response = Response::new(if known { Body::empty() } else { Body::from(text) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response.headers_mut().insert(ETAG, etag);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    html_headers(kind, response)
}

fn html_headers(kind: &'static str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// FNV-1a: tells one version of our own text from another.
fn hash(text: &str) -> String {
    let mixed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |mixed, byte| (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{mixed:016x}")
}
