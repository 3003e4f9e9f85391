//! The service over a database of its own, and one district, for every test.
use std::{path::PathBuf, sync::Arc};

use chassis::{
    access::{Caller, Reach},
    cache::Cache,
    client::CLIENT_ADDRESS,
    clock::Clock,
    sandbox,
    token::{self, Claims},
};
use chrono::{DateTime, Utc};
use proto::{
    api::v1::post::Role,
    residents::v1::{
        RequestCodeRequest, Session, SetUpRequest, SignInRequest, session_service_server::SessionService,
        setup_service_server::SetupService,
    },
};
use redis::AsyncCommands;
use residents::{
    District, Residents, Rpc,
    import::{self, PersonRow, PlaceRow, PostRow, Target},
    store,
};
use sqlx::PgPool;
use test_database::Database;
use tonic::{Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

/// The service with its stores, and one district "工农区" (code gn) with an administrator.
pub struct Town {
    pub rpc: Rpc,
    pub district_id: Uuid,
    pub admin_phone: String,
    keys: PathBuf,
    _database: Database,
}

impl Town {
    /// An installation in sandbox mode.
    pub async fn new() -> Self {
        Self::with_sandbox(true).await
    }

    pub async fn with_sandbox(sandbox: bool) -> Self {
        let mut town = Self::empty(sandbox).await;
        let token = residents::setup_token(town.pool(), town.clock()).await.unwrap().unwrap();
        town.admin_phone = phone();
        let asked = SetUpRequest {
            token,
            district_name: "工农区".into(),
            district_code: "gn".into(),
            name: "管理员".into(),
            phone: town.admin_phone.clone(),
        };
        let answer = town.rpc.set_up(Request::new(asked)).await.unwrap().into_inner();
        town.district_id = answer.district_id.parse().unwrap();
        town
    }

    /// An installation nobody has set up.
    pub async fn empty(sandbox: bool) -> Self {
        let database = Database::create("residents", Some(&residents::MIGRATOR), "").await;
        let cache = Cache::new(&test_database::redis_url()).unwrap();
        let keys = std::env::temp_dir().join(format!("residents-{}", Uuid::now_v7()));
        let noon: DateTime<Utc> = "2026-11-23T04:00:00Z".parse().unwrap();
        let residents = Residents::new(database.pool.clone(), cache, Clock::stopped(noon), &keys, sandbox).unwrap();
        let rpc = Rpc(Arc::new(residents));
        Self { rpc, district_id: Uuid::nil(), admin_phone: String::new(), keys, _database: database }
    }

    pub fn pool(&self) -> &PgPool {
        &self.rpc.0.pool
    }

    pub fn clock(&self) -> &Clock {
        &self.rpc.0.clock
    }

    pub fn target(&self) -> Target<'_> {
        Target { pool: self.pool(), vault: &self.rpc.0.vault, clock: self.clock(), district_id: self.district_id }
    }

    /// Two compounds of 200 m, the road between them, and the community, subdistrict and district around.
    pub async fn build_places(&self) {
        let ring = |west: f64, east: f64| format!("{west} 47.34;{east} 47.34;{east} 47.344;{west} 47.344");
        let rows = [
            ("gn", "工农区", "DISTRICT", ring(130.28, 130.30)),
            ("gn.xy", "向阳街道", "街道", ring(130.28, 130.30)),
            ("gn.xy.sh", "松鹤社区", "社区", ring(130.28, 130.30)),
            ("gn.xy.sh.1", "一号小区", "COMPOUND", ring(130.2805, 130.2895)),
            ("gn.xy.sh.2", "二号小区", "小区", ring(130.2905, 130.2995)),
            ("gn.xy.sh.1.12", "12 栋", "BUILDING", String::new()),
        ];
        let rows = rows.map(|(path, name, level, boundary)| PlaceRow {
            line: 0,
            path: path.into(),
            name: name.into(),
            level: level.into(),
            boundary,
        });
        assert_eq!(import::places(&self.target(), &rows).await.unwrap(), []);
    }

    pub async fn place_id(&self, path: &str) -> String {
        let mut connection = self.pool().acquire().await.unwrap();
        let known = store::place::by_paths(&mut connection, self.district_id, &[path.to_owned()]).await.unwrap();
        known[0].1.to_string()
    }

    /// Another district, which has nothing but itself.
    pub async fn add_district(&self, code: &str, name: &str) -> Uuid {
        let (district_id, root) = (Uuid::now_v7(), Uuid::now_v7());
        let district = District { district_id, code: code.into(), name: name.into(), root_place_id: root };
        let mut connection = self.pool().acquire().await.unwrap();
        store::district::add(&mut connection, &district, self.clock().now()).await.unwrap();
        district_id
    }

    /// Asks for a code and reads it from the messages.
    pub async fn code(&self, phone: &str) -> String {
        self.rpc.request_code(Request::new(RequestCodeRequest { phone: phone.into() })).await.unwrap();
        self.last_code(phone).await
    }

    pub async fn last_code(&self, phone: &str) -> String {
        let messages = sandbox::list(&self.rpc.0.cache).await.unwrap();
        messages.into_iter().find(|message| message.to == phone).and_then(|message| message.code).expect("a message")
    }

    /// Whether the phone has a code that is still good.
    pub async fn has_code(&self, phone: &str) -> bool {
        let key: String =
            self.rpc.0.vault.blind("code.phone", phone).iter().map(|byte| format!("{byte:02x}")).collect();
        self.rpc.0.cache.connection().exists(format!("code:{key}")).await.unwrap()
    }

    pub async fn try_sign_in(&self, phone: &str, code: &str, district: Option<Uuid>) -> Result<Session, Status> {
        let district_id = district.map(|id| id.to_string());
        let asked = SignInRequest { phone: phone.into(), code: code.into(), district_id };
        self.rpc.sign_in(Request::new(asked)).await.map(tonic::Response::into_inner)
    }

    /// Signs in from an address.
    pub async fn sign_in_from(&self, address: &str, phone: &str, code: &str) -> Result<Session, Status> {
        let asked = SignInRequest { phone: phone.into(), code: code.into(), district_id: None };
        let mut request = Request::new(asked);
        request.metadata_mut().insert(CLIENT_ADDRESS, address.parse().unwrap());
        self.rpc.sign_in(request).await.map(tonic::Response::into_inner)
    }

    /// Makes the district know a person and gives them a post at its top.
    pub async fn give_post(&self, district_id: Uuid, phone: &str, role: &str, path: &str) {
        let target = Target { district_id, ..self.target() };
        let person = PersonRow { line: 1, phone: phone.into(), name: "王跨区".into() };
        assert_eq!(import::people(&target, &[person]).await.unwrap(), []);
        let (phone, role, place_path) = (phone.into(), role.into(), path.into());
        let post = PostRow { line: 1, phone, role, place_path, ..PostRow::default() };
        assert_eq!(import::posts(&target, &[post]).await.unwrap(), []);
    }

    pub async fn sign_in(&self, phone: &str) -> Session {
        let code = self.code(phone).await;
        self.try_sign_in(phone, &code, None).await.unwrap()
    }

    /// What an access token says, checked with the service's public keys.
    pub fn claims(&self, session: &Session) -> Claims {
        let keys = self.rpc.0.signer.public_keys();
        token::verify(&session.access_token, |kid| keys.iter().find(|key| key.0 == kid).map(|key| key.1)).unwrap()
    }

    /// A request of a signed-in person, as the access layer hands it on.
    pub fn request<T>(&self, session: &Session, message: T) -> Request<T> {
        let claims = self.claims(session);
        let caller = Caller {
            person_id: claims.sub,
            district_id: claims.did,
            session_id: claims.sid,
            role: Role::try_from(claims.posts[0].r).unwrap(),
            posts: claims.posts,
            reach: Reach { own: true, district: true, ..Reach::default() },
        };
        let mut request = Request::new(message);
        request.extensions_mut().insert(caller);
        request
    }

    /// A request of the first administrator.
    pub async fn as_admin<T>(&self, message: T) -> Request<T> {
        let session = self.sign_in(&self.admin_phone).await;
        self.request(&session, message)
    }

    pub async fn count(&self, what: &'static str) -> i64 {
        sqlx::query_scalar(what).fetch_one(self.pool()).await.unwrap()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.keys);
    }
}

/// A phone nobody else uses.
pub fn phone() -> String {
    format!("139{:08}", rand::random_range(0..100_000_000))
}

/// An address nobody else has.
pub fn address() -> String {
    format!("2001:db8::{:x}:{:x}", rand::random::<u16>(), rand::random::<u16>())
}

/// The stable reason of a refusal.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The first field a refusal names.
pub fn field(status: &Status) -> String {
    status.get_details_bad_request().map(|bad| bad.field_violations[0].field.clone()).unwrap_or_default()
}
