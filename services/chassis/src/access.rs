//! Who may call what: every RPC's access option, checked before its method runs.
use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use proto::api::v1::{
    Access,
    access::{Grant, Rows},
    post::Role,
};
use tonic::{Code, Status, body::Body, transport::server::TcpConnectInfo};
use tower::{Layer, Service};
use uuid::Uuid;

use crate::{
    client::{CLIENT_ADDRESS, SERVICE_KEY, is_service_key},
    faults::Fault,
    keys::Keyring,
    telemetry,
    token::{ClaimedPost, Claims},
    verifier::Verifier,
};

/// The person behind a call, and what this RPC's option lets them reach.
#[derive(Clone, Debug)]
pub struct Caller {
    pub person_id: Uuid,
    pub district_id: Uuid,
    pub session_id: Uuid,
    pub posts: Vec<ClaimedPost>,
    /// The role they act in: of the first grant that let them in, else of their first post.
    pub role: Role,
    pub reach: Reach,
}

/// The rows a caller reaches under one RPC. All within the caller's district.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    pub own: bool,
    pub district: bool,
    /// Rows at these places or below.
    pub places: Vec<String>,
    /// Rows at these places or above: where the caller lives.
    pub homes: Vec<String>,
    pub departments: Vec<Uuid>,
}

impl Caller {
    /// The paths of all posts in a role.
    pub fn paths_as(&self, role: Role) -> impl Iterator<Item = &str> {
        self.posts.iter().filter(move |post| post.r == role as i32).map(|post| post.p.as_str())
    }

    /// Whether one of the caller's places holds this path.
    pub fn reaches_place(&self, path: &str) -> bool {
        self.reach.district || self.reach.places.iter().any(|place| holds(place, path))
    }

    /// Whether the caller lives in the place of this path.
    pub fn lives_in(&self, path: &str) -> bool {
        self.reach.homes.iter().any(|home| holds(path, home))
    }
}

/// Whether a path is the place itself or lies below it.
pub fn holds(place: &str, path: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The caller of a request that passed the access layer.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    caller.ok_or_else(|| Fault::new(Code::Unauthenticated, "TOKEN_REQUIRED", "no access token").into())
}

/// The version in an If-Match header, where the client sent one: `"7"`, `"7-a1b2c3d4"` as an answer that was read names its bytes
/// too, or `W/"7"` as a proxy makes of it.
pub fn if_match<T>(request: &tonic::Request<T>) -> Result<Option<i64>, Status> {
    let Some(value) = request.metadata().get("if-match") else { return Ok(None) };
    let version = value.to_str().ok().and_then(|text| {
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        let (version, bytes) = text.split_once('-').unwrap_or((text, ""));
        version.parse().ok().filter(|_| bytes.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    version.map(Some).ok_or_else(|| Fault::field("If-Match", "must be an etag as given, for example \"7\"").into())
}

/// What the option of one RPC lets a person with these claims reach.
pub fn admit(access: &Access, claims: &Claims) -> Option<Caller> {
    let mut reach = Reach::default();
    let mut role = claims.posts.first().and_then(|post| Role::try_from(post.r).ok()).unwrap_or(Role::Resident);
    let mut admitted = access.signed_in() != Rows::Unspecified;
    add(&mut reach, access.signed_in(), None);
    for (post, grant) in matching(access, claims) {
        if !admitted {
            role = grant.role();
        }
        admitted = true;
        add(&mut reach, grant.rows(), Some(post));
    }
    let (posts, session_id) = (claims.posts.clone(), claims.sid);
    admitted.then_some(Caller { person_id: claims.sub, district_id: claims.did, session_id, posts, role, reach })
}

fn matching<'a>(access: &'a Access, claims: &'a Claims) -> impl Iterator<Item = (&'a ClaimedPost, &'a Grant)> {
    let pairs = access.grants.iter().flat_map(|grant| claims.posts.iter().map(move |post| (post, grant)));
    pairs.filter(|(post, grant)| post.r == grant.role && (grant.level == 0 || (1..=grant.level).contains(&post.l)))
}

fn add(reach: &mut Reach, rows: Rows, post: Option<&ClaimedPost>) {
    match rows {
        Rows::Unspecified => {}
        Rows::Own => reach.own = true,
        Rows::District => reach.district = true,
        Rows::Place => reach.places.extend(post.map(|post| post.p.clone())),
        Rows::Home => reach.homes.extend(post.map(|post| post.p.clone())),
        Rows::Department => reach.departments.extend(post.and_then(|post| post.d)),
    }
}

/// Checks every call against its RPC's option.
#[derive(Clone)]
pub struct AccessLayer {
    verifier: Arc<Verifier>,
    service_keys: Keyring,
}

impl AccessLayer {
    /// The layer that believes this verifier, and services with one of these keys.
    pub fn new(verifier: Arc<Verifier>, service_keys: Keyring) -> Self {
        Self { verifier, service_keys }
    }

    /// The caller, or `None` where the RPC needs none.
    async fn check(&self, path: &str, headers: &http::HeaderMap) -> Result<Option<Caller>, Fault> {
        let unknown = || Fault::new(Code::Unimplemented, "ROUTE_NOT_FOUND", "no such RPC");
        let method = proto::methods().get(path).ok_or_else(unknown)?;
        let Some(access) = &method.access else { return Err(refused("this RPC declares no access")) };
        if access.internal {
            return if self.is_service(headers) { Ok(None) } else { Err(refused("only for services")) };
        }
        if access.public {
            return Ok(None);
        }
        let required = || Fault::new(Code::Unauthenticated, "TOKEN_REQUIRED", "send Authorization: Bearer <token>");
        let bearer = headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(required)?;
        let claims = self.verifier.verify(token.trim()).await?;
        telemetry::note_district(claims.did);
        admit(access, &claims).map(Some).ok_or_else(|| refused("none of the caller's posts is granted this RPC"))
    }
}

impl AccessLayer {
    fn is_service(&self, headers: &http::HeaderMap) -> bool {
        headers.get(SERVICE_KEY).is_some_and(|given| is_service_key(given.as_bytes(), &self.service_keys))
    }

    /// Where the request came from: as a service says, else the other end of the connection.
    fn settle_address(&self, request: &mut http::Request<Body>) {
        if self.is_service(request.headers()) {
            return;
        }
        let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        let address = peer.and_then(|peer| peer.ip().to_string().parse().ok());
        request.headers_mut().remove(CLIENT_ADDRESS);
        if let Some(address) = address {
            request.headers_mut().insert(CLIENT_ADDRESS, address);
        }
    }
}

fn refused(detail: &str) -> Fault {
    Fault::denied("ROLE_NOT_ALLOWED", detail)
}

impl<S> Layer<S> for AccessLayer {
    type Service = AccessService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        AccessService { layer: self.clone(), inner }
    }
}

/// See [`AccessLayer`].
#[derive(Clone)]
pub struct AccessService<S> {
    layer: AccessLayer,
    inner: S,
}

impl<S> Service<http::Request<Body>> for AccessService<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let layer = self.layer.clone();
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match layer.check(request.uri().path(), request.headers()).await {
                Ok(caller) => {
                    layer.settle_address(&mut request);
                    if let Some(caller) = caller {
                        request.extensions_mut().insert(caller);
                    }
                    inner.call(request).await
                }
                Err(fault) => Ok(Status::from(fault).into_http()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_read_strong_or_weak() {
        let sent = |text: &'static str| {
            let mut request = tonic::Request::new(());
            request.metadata_mut().insert("if-match", text.parse().unwrap());
            if_match(&request)
        };
        for good in ["\"7\"", "W/\"7\"", "7", "\"7-a1b2c3d4\"", "W/\"7-a1b2c3d4\""] {
            assert_eq!(sent(good).unwrap(), Some(7), "{good}");
        }
        for wrong in ["*", "\"x\"", "w/\"7\"", "W/", "\"7\", \"8\"", "\"a1b2c3d4\"", "\"7-x\"", "\"-7\""] {
            assert_eq!(sent(wrong).unwrap_err().code(), Code::InvalidArgument, "{wrong}");
        }
        assert_eq!(if_match(&tonic::Request::new(())).unwrap(), None);
    }

    #[test]
    fn a_path_is_held_by_itself_and_by_those_above_it_only() {
        assert!(holds("gn.xy", "gn.xy") && holds("gn.xy", "gn.xy.sh"));
        assert!(!holds("gn.xy", "gn.xyz") && !holds("gn.xy.sh", "gn.xy"));
    }
}
