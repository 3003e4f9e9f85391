//! A gateway on a free port with its own keys and photos, and a client.
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::body::{Body, Bytes};
use chassis::{
    client,
    clock::Clock,
    config::{self, Loaded},
    faults::Fault,
    keys::Keyring,
    token::{ClaimedPost, Claims, Signer},
    verifier::KeySource,
};
use gateway::App;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use proto::api::v1::post::{Level, Role};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const DEFAULTS: &str = include_str!("../../../hemei/config/default.toml");

/// A running gateway; its folder goes with it.
pub struct Gateway {
    pub address: SocketAddr,
    client: Client<HttpConnector, Body>,
    signer: Signer,
    folder: PathBuf,
    stop: CancellationToken,
    served: Mutex<Option<JoinHandle<Result<(), Fault>>>>,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// Status and code, with the form every problem document has.
    pub fn problem(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(self.headers["content-type"], "application/problem+json", "{body}");
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["request_id"].as_str(), self.headers["x-request-id"].to_str().ok());
        (self.status.as_u16(), body["code"].as_str().unwrap().to_owned())
    }
}

impl Gateway {
    /// With the shipped settings, except for these; its services' ports are closed.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("gateway-{}", Uuid::now_v7()));
        std::fs::create_dir_all(folder.join("photos")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let loaded = load(&folder, settings);
        let service_key = Keyring::load_or_create(&folder, "service").unwrap();
        let signer = Signer::new(Keyring::load_or_create(&folder, "session").unwrap());
        let residents = client::peer(&loaded.peer("residents").unwrap(), &service_key).unwrap();
        let app = App::with_keys(&loaded, &service_key, residents, KeySource::Own(Arc::new(signer.clone()))).unwrap();
        let stop = CancellationToken::new();
        let served = Mutex::new(Some(tokio::spawn(gateway::serve_on(listener, Arc::new(app), stop.clone()))));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { address, client, signer, folder, stop, served }
    }

    /// A token of a person with one post.
    pub fn token(&self, person: Uuid, district: Uuid, role: Role) -> String {
        let now = Clock::System.now().timestamp();
        let post = ClaimedPost { r: role.into(), p: "gn".to_owned(), l: Level::Subdistrict.into(), d: None };
        let claims =
            Claims { sub: person, did: district, sid: Uuid::now_v7(), posts: vec![post], iat: now, exp: now + 900 };
        self.signer.sign(&claims)
    }

    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until it has stopped.
    pub async fn stopped(&self) {
        let served = self.served.lock().unwrap().take().unwrap();
        served.await.unwrap().unwrap();
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.client.request(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// Sends a file as a browser does.
    pub async fn upload(&self, token: &str, field: &str, file: &[u8]) -> Answer {
        let head = format!("--edge\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"a.jpg\"\r\n\r\n");
        let body = [head.as_bytes(), file, b"\r\n--edge--\r\n"].concat();
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "multipart/form-data; boundary=edge"), ("authorization", bearer.as_str())];
        self.send(Method::POST, "/v1/media", &headers, body).await
    }

    /// How many photos are kept.
    pub fn photos(&self) -> usize {
        let mut folders = vec![self.folder.join("photos")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() { folders.push(entry) } else { files += 1 }
            }
        }
        files
    }
}

fn load(folder: &std::path::Path, settings: &[(&str, &str)]) -> Loaded {
    let mut environment: Vec<(String, String)> = vec![
        ("HEMEI_KEYS_DIR".to_owned(), folder.display().to_string()),
        ("HEMEI_MEDIA_URL".to_owned(), format!("file://{}", folder.join("photos").display())),
        ("HEMEI_REDIS_URL".to_owned(), "redis://127.0.0.1:1/".to_owned()),
    ];
    for role in ["RESIDENTS", "TICKETS", "INCENTIVES", "FINANCE"] {
        environment.push((format!("HEMEI_{role}_ADDRESS"), "127.0.0.1:1".to_owned()));
    }
    environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    config::load(DEFAULTS, None, "gateway", environment).unwrap()
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
