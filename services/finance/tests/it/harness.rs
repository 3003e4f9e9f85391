//! A database of its own for every test, cloned from a migrated template, and the service over it.
use std::{
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use chassis::{
    access::{Caller, admit},
    cache::Cache,
    clock::Clock,
    feed::{Source, Waker},
    keys::Keyring,
    media::MediaIds,
    token::{ClaimedPost, Claims},
};
use chrono::{DateTime, Utc};
use finance::{Finance, MIGRATOR, rpc};
use proto::{
    api::v1::post::{Level, Role},
    finance::v1::{
        Fund, FundEntry, GetFundRequest, RecordEntryRequest, fund_entry::Kind, fund_service_server::FundService,
    },
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use tonic::{Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

/// The path of the compound whose fund it is, and of another.
pub const COMPOUND: &str = "gn.xy.sh.01";
pub const ANOTHER: &str = "gn.xy.sh.02";

pub struct World {
    pub state: Finance,
    pub district: Uuid,
    /// The compound, and a property manager of it.
    pub place: Uuid,
    pub office: Uuid,
    pub pool: PgPool,
    admin: String,
    name: String,
}

fn admin_url() -> String {
    let url = std::env::var("HEMEI_TEST_DATABASE_URL").or_else(|_| std::env::var("DATABASE_URL"));
    url.expect("HEMEI_TEST_DATABASE_URL names a server for tests")
}

fn url_of(name: &str) -> String {
    let url = admin_url();
    let (server, _) = url.rsplit_once('/').expect("a database in the URL");
    format!("{server}/{name}")
}

/// The migrated template, made once by whoever comes first.
async fn template(admin: &mut PgConnection) -> String {
    let sums: Vec<u8> = MIGRATOR.iter().flat_map(|migration| migration.checksum.to_vec()).collect();
    let sum = sums.iter().fold(7u64, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(*byte));
    let name = format!("test_finance_{sum:016x}");
    sqlx::query("select pg_advisory_lock(722)").execute(&mut *admin).await.unwrap();
    let known: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
        .bind(&name)
        .fetch_optional(&mut *admin)
        .await
        .unwrap();
    if known.is_none() {
        let draft = format!("{name}_draft");
        admin.execute(AssertSqlSafe(format!("drop database if exists {draft} with (force)"))).await.unwrap();
        admin.execute(AssertSqlSafe(format!("create database {draft}"))).await.unwrap();
        let mut connection = PgConnection::connect(&url_of(&draft)).await.unwrap();
        MIGRATOR.run(&mut connection).await.unwrap();
        let statement = "create schema residents; create table residents.outbox (like finance.outbox including all)";
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
        admin.execute(AssertSqlSafe(format!("alter database {draft} rename to {name}"))).await.unwrap();
    }
    sqlx::query("select pg_advisory_unlock(722)").execute(&mut *admin).await.unwrap();
    name
}

fn keyring(name: &str) -> Keyring {
    Keyring::load_or_create(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("finance-keys"), name).unwrap()
}

impl World {
    pub async fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let admin = admin_url();
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        let template = template(&mut connection).await;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_finance_{}_{number}", std::process::id());
        let create = format!("create database {name} template {template}");
        connection.execute(AssertSqlSafe(format!("drop database if exists {name} with (force)"))).await.unwrap();
        connection.execute(AssertSqlSafe(create)).await.unwrap();
        connection.close().await.unwrap();
        let pool = PgPoolOptions::new().max_connections(12).connect(&url_of(&name)).await.unwrap();
        let clock = Clock::stopped(DateTime::from_timestamp(1_795_464_000, 0).unwrap());
        let redis = std::env::var("HEMEI_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379/".to_owned());
        let cache = Cache::new(&redis).unwrap();
        let waker = Waker::start(cache, "finance");
        let state = Finance::new(pool.clone(), clock, MediaIds::new(keyring("media")), waker);
        let (place, office) = (Uuid::now_v7(), Uuid::now_v7());
        let world = Self { state, district: Uuid::now_v7(), place, office, pool, admin, name };
        for (place, path, level) in [
            (place, COMPOUND, "COMPOUND"),
            (Uuid::now_v7(), ANOTHER, "COMPOUND"),
            (Uuid::now_v7(), "gn.xy.sh", "COMMUNITY"),
        ] {
            let told = json!({"place_id": place, "name": format!("小区 {path}"), "path": path, "level": level});
            world.tell(place, "hemei.residents.v1.PlaceChanged", told).await;
        }
        let told = json!({"person_id": office, "name": "王经理"});
        world.tell(office, "hemei.residents.v1.PersonChanged", told).await;
        world.hear(4).await;
        world
    }

    /// Writes an event of residents.
    pub async fn tell(&self, subject: Uuid, kind: &str, payload: serde_json::Value) {
        let statement =
            "insert into residents.outbox (district_id, subject_id, type, payload, at) values ($1, $2, $3, $4, $5)";
        let query = sqlx::query(statement).bind(self.district).bind(subject).bind(kind);
        query.bind(payload).bind(self.now()).execute(&self.pool).await.unwrap();
    }

    /// Applies what was told, until this many events have been.
    pub async fn hear(&self, mut events: usize) {
        let consumer = self.state.consumer(Source::Local(self.pool.clone(), "residents"));
        let wait = async {
            while events > 0 {
                events = events.saturating_sub(consumer.catch_up().await.unwrap());
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("the events are heard");
    }

    /// What the property office wants recorded.
    pub fn entry(&self, kind: Kind, purpose: &str, amount_fen: i64) -> RecordEntryRequest {
        RecordEntryRequest {
            place_id: self.place.to_string(),
            entry_id: Uuid::now_v7().to_string(),
            kind: kind.into(),
            purpose: purpose.to_owned(),
            amount_fen,
            text: "电梯广告收入".to_owned(),
            voucher_media_id: None,
        }
    }

    /// Records as the property manager of the compound.
    pub async fn record(&self, entry: RecordEntryRequest) -> Result<FundEntry, Status> {
        self.record_as((Role::PropertyManager, COMPOUND, Level::Compound), self.office, entry).await
    }

    pub async fn record_as(
        &self,
        post: Post<'_>,
        person: Uuid,
        entry: RecordEntryRequest,
    ) -> Result<FundEntry, Status> {
        let request = ask(self.district, person, post, "FundService/RecordEntry", entry);
        self.funds().record_entry(request).await.map(tonic::Response::into_inner)
    }

    /// Reads the fund with a post in a district.
    pub async fn read(&self, district: Uuid, post: Post<'_>, place: Uuid) -> Result<Fund, Status> {
        let message = GetFundRequest { place_id: place.to_string() };
        let request = ask(district, Uuid::now_v7(), post, "FundService/GetFund", message);
        self.funds().get_fund(request).await.map(tonic::Response::into_inner)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.state.clock.now()
    }

    pub fn funds(&self) -> rpc::Funds {
        rpc::Funds(self.state.clone())
    }
}

/// A role at the path and level of a place.
pub type Post<'a> = (Role, &'a str, Level);

/// A request that passed the access layer.
pub fn ask<T>(district: Uuid, person: Uuid, post: Post<'_>, rpc: &str, message: T) -> Request<T> {
    let (role, place, level) = post;
    let post = ClaimedPost { r: role.into(), p: place.to_owned(), l: level.into(), d: None };
    let claims = Claims { sub: person, did: district, sid: Uuid::now_v7(), posts: vec![post], iat: 0, exp: i64::MAX };
    let method = proto::methods().get(&format!("/hemei.finance.v1.{rpc}")).expect("an RPC of the contract");
    let caller: Caller = admit(method.access.as_ref().unwrap(), &claims).expect("the role may call this");
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

/// The stable reason of a refusal, and a fact of it.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("a reason").reason
}

pub fn fact(status: &Status, name: &str) -> String {
    status.get_details_error_info().expect("a reason").metadata.get(name).cloned().unwrap_or_default()
}

impl Drop for World {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&admin).await.unwrap();
                connection.execute(AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
            });
        });
        dropped.join().ok();
    }
}
