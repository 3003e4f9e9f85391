//! A small JSON client.
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// Speaks to one gateway, as nobody or as a person with a token.
#[derive(Clone)]
pub struct Client {
    base: String,
    hyper: Hyper<HttpConnector, Full<Bytes>>,
    pub token: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The body of a success; otherwise an error that shows the problem.
    pub fn success(&self) -> Result<Value> {
        let text = String::from_utf8_lossy(&self.bytes);
        ensure!(self.status.is_success(), "{}: {text}", self.status);
        Ok(self.json())
    }

    /// The stable code of a problem document, or "".
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let hyper = Hyper::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(30)).build(connector);
        Self { base: base.to_owned(), hyper, token: None }
    }

    /// The same connection pool with a person's token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// One request, at most 15 s.
    pub async fn send(&self, method: Method, path: &str, content_type: &str, body: Bytes) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.raw(request.body(Full::new(body))?).await
    }

    /// One request as it is.
    pub async fn raw(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let exchange = async {
            let answer = self.hyper.request(request).await?;
            let (parts, body) = answer.into_parts();
            let bytes = body.collect().await?.to_bytes();
            anyhow::Ok(Answer { status: parts.status, headers: parts.headers, bytes })
        };
        tokio::time::timeout(Duration::from_secs(15), exchange).await.context("no answer in 15 s")?
    }

    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, "", Bytes::new()).await
    }

    /// A thing, unless it still is what this etag says.
    pub async fn get_unless(&self, path: &str, etag: &str) -> Result<Answer> {
        let request = Request::get(format!("{}{path}", self.base)).header("if-none-match", etag);
        let request = request.header("authorization", format!("Bearer {}", self.token.as_deref().unwrap_or_default()));
        self.raw(request.body(Full::default())?).await
    }

    /// A step, only if the thing still is what this etag says.
    pub async fn post_if(&self, path: &str, body: &Value, etag: &str) -> Result<Answer> {
        let request = Request::post(format!("{}{path}", self.base)).header("if-match", etag);
        let request = request.header("authorization", format!("Bearer {}", self.token.as_deref().unwrap_or_default()));
        let request = request.header("content-type", "application/json");
        self.raw(request.body(Full::new(body.to_string().into()))?).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, "application/json", body.to_string().into()).await
    }

    /// Uploads a photo as a phone does.
    pub async fn upload(&self, photo: &[u8]) -> Result<Answer> {
        let boundary = "photo-boundary";
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"photo.jpg\"\r\n\
             content-type: image/jpeg\r\n\r\n"
        );
        let body = [head.as_bytes(), photo, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        self.send(Method::POST, "/v1/media", &format!("multipart/form-data; boundary={boundary}"), body.into()).await
    }
}
