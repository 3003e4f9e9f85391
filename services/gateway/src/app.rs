//! What the gateway is built from, put together once at the start.
use std::sync::Arc;

use axum::Router;
use chassis::{
    access::Caller,
    cache::Cache,
    client::{self, Peer},
    clock::Clock,
    config::{Loaded, Settings},
    faults::Fault,
    keys::Keyring,
    media::MediaIds,
    verifier::{KeySource, Verifier},
};
use http::{HeaderMap, Method, header::AUTHORIZATION};
use proto::api::v1::Access;
use tokio::sync::Semaphore;

use crate::{
    fingerprints::Fingerprints,
    hand_written::{HandWritten, hand_written},
    openapi,
    pages::Document,
    photos::Album,
    problem::Problem,
    routes::Routes,
    rpc::Rpc,
    settings::Own,
    shield::Shield,
    stream::Streams,
    transcode::Schema,
    uploads::Uploads,
    upstream::Upstreams,
};

/// Where a route leads.
pub enum Target {
    Rpc(Box<Rpc>),
    Hand(&'static HandWritten),
}

impl Target {
    /// The route's template, as logs and metrics name it.
    pub fn label(&self) -> &str {
        match self {
            Self::Rpc(rpc) => &rpc.template,
            Self::Hand(hand) => hand.path,
        }
    }
}

/// Everything a request may need.
pub struct App {
    pub routes: Routes<Target>,
    pub schema: Schema,
    pub upstreams: Upstreams,
    pub verifier: Arc<Verifier>,
    pub clock: Clock,
    pub cache: Cache,
    /// The service that knows people, for the sandbox page.
    pub residents: Peer,
    /// The service that compares photos.
    pub tickets: Peer,
    pub fingerprints: Fingerprints,
    pub album: Album,
    pub openapi: Document,
    pub shield: Shield,
    pub in_flight: Semaphore,
    pub uploads: Uploads,
    pub streams: Arc<Streams>,
    pub own: Own,
    pub sandbox: bool,
    /// The service that hears of transfers.
    pub finance: Peer,
    /// The other sides of the groups' robots and of WeChat, for the sandbox.
    pub wecom: Router,
    pub wechat: Router,
}

impl App {
    /// Puts the gateway together; nothing is connected yet.
    pub fn open(loaded: &Loaded) -> Result<Self, Fault> {
        let service_key = Keyring::load_or_create(&loaded.settings.keys_dir, "service").map_err(Fault::internal)?;
        let residents = client::peer(&loaded.peer("residents")?, &service_key)?;
        Self::with_keys(loaded, &service_key, residents.clone(), KeySource::Asked(residents))
    }

    /// The same with another source of the keys that tokens are checked with.
    pub fn with_keys(loaded: &Loaded, service_key: &Keyring, residents: Peer, keys: KeySource) -> Result<Self, Fault> {
        let (settings, own) = (&loaded.settings, loaded.role::<Own>()?);
        let media_key = Keyring::load_or_create(&settings.keys_dir, "media").map_err(Fault::internal)?;
        let upstreams = Upstreams::open(loaded, service_key)?;
        let mut schema = Schema::default();
        let clock = Clock::System;
        Ok(Self {
            routes: routes(&upstreams, &mut schema)?,
            schema,
            upstreams,
            verifier: Verifier::new(keys, clock.clone()),
            clock,
            cache: Cache::new(&settings.redis_url)?,
            residents,
            tickets: client::peer(&loaded.peer("tickets")?, service_key)?,
            fingerprints: Fingerprints::default(),
            album: Album::open(&settings.media_url, MediaIds::new(media_key))?,
            openapi: Document::new("application/json", openapi::document().to_string()),
            shield: Shield::new(own.requests_per_minute),
            in_flight: Semaphore::new(settings.max_in_flight),
            uploads: Uploads::default(),
            streams: Streams::new(own.streams, own.streams_per_person),
            own,
            sandbox: settings.sandbox(),
            finance: client::peer(&loaded.peer("finance")?, service_key)?,
            wecom: peer::router(peer::WeCom::new(Clock::System)),
            wechat: if settings.sandbox() { peer::wechat::router(wechat(settings)) } else { Router::new() },
        })
    }

    /// The person behind a token whom this option lets in; `None` where it lets everybody in.
    pub async fn admit(&self, access: &Access, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
        if access.public {
            return Ok(None);
        }
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else {
            let status = http::StatusCode::UNAUTHORIZED;
            return Err(Problem::new(status, "TOKEN_REQUIRED", "send Authorization: Bearer <token>"));
        };
        let claims = self.verifier.verify(token.trim()).await?;
        chassis::telemetry::note_district(claims.did);
        let caller = chassis::access::admit(access, &claims);
        let refused = || Fault::denied("ROLE_NOT_ALLOWED", "none of the caller's posts is granted this");
        caller.map(Some).ok_or_else(|| refused().into())
    }
}

/// The sandbox's WeChat remembers its transfers, as the suite does.
fn wechat(settings: &Settings) -> peer::wechat::WeChat {
    let wechat = peer::wechat::WeChat::new(Clock::System);
    wechat.kept_in(settings.keys_dir.join("wechat").join("sandbox.json"))
}

/// Every public RPC by its HTTP rules, and the hand-written routes.
fn routes(upstreams: &Upstreams, schema: &mut Schema) -> Result<Routes<Target>, Fault> {
    let mut routes = Routes::default();
    for method in proto::methods().values() {
        for (http_method, template, rpc) in Rpc::all_of(method, upstreams, schema)? {
            routes.add(http_method, &template, Target::Rpc(Box::new(rpc))).map_err(Fault::internal)?;
        }
    }
    for hand in hand_written() {
        let method = Method::from_bytes(hand.method.as_bytes()).map_err(Fault::internal)?;
        routes.add(method, hand.path, Target::Hand(hand)).map_err(Fault::internal)?;
    }
    Ok(routes)
}
