//! The service over a database of its own, for every test.
use std::path::Path;

use chassis::{
    access::{Caller, admit},
    cache::Cache,
    clock::Clock,
    feed::{Source, Waker},
    keys::Keyring,
    media::MediaIds,
    token::{ClaimedPost, Claims},
    vault::Vault,
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
use sqlx::PgPool;
use test_database::Database;
use tonic::{Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

/// The path of the compound whose fund it is, and of another.
pub const COMPOUND: &str = "gn.xy.sh.01";
pub const ANOTHER: &str = "gn.xy.sh.02";

/// What the services tell that this one listens to.
const PRODUCERS: &str = "create schema residents; create table residents.outbox (like finance.outbox including all);
     create schema incentives; create table incentives.outbox (like finance.outbox including all)";

pub struct World {
    pub state: Finance,
    pub district: Uuid,
    /// The compound, and a property manager of it.
    pub place: Uuid,
    pub office: Uuid,
    pub pool: PgPool,
    _database: Database,
}

fn keyring(name: &str) -> Keyring {
    Keyring::load_or_create(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("finance-keys"), name).unwrap()
}

impl World {
    pub async fn new() -> Self {
        let database = Database::create("finance", Some(&MIGRATOR), PRODUCERS).await;
        let pool = database.pool.clone();
        let clock = Clock::stopped(DateTime::from_timestamp(1_795_464_000, 0).unwrap());
        let cache = Cache::new(&test_database::redis_url()).unwrap();
        let waker = Waker::start(cache, "finance");
        let state = Finance::new(
            pool.clone(),
            clock,
            MediaIds::new(keyring("media")),
            Vault::new(keyring("vault"), keyring("index")),
            waker,
        );
        let (place, office) = (Uuid::now_v7(), Uuid::now_v7());
        let world = Self { state, district: Uuid::now_v7(), place, office, pool, _database: database };
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

    /// Writes an event of residents, or of incentives.
    pub async fn tell(&self, subject: Uuid, kind: &str, payload: serde_json::Value) {
        let statement = if kind.starts_with("hemei.incentives") {
            "insert into incentives.outbox (district_id, subject_id, type, payload, at) values ($1, $2, $3, $4, $5)"
        } else {
            "insert into residents.outbox (district_id, subject_id, type, payload, at) values ($1, $2, $3, $4, $5)"
        };
        let query = sqlx::query(statement).bind(self.district).bind(subject).bind(kind);
        query.bind(payload).bind(self.now()).execute(&self.pool).await.unwrap();
    }

    /// Applies what was told, until this many events have been.
    pub async fn hear(&self, mut events: usize) {
        let local = |schema| Source::local(self.pool.clone(), schema);
        let consumers = self.state.consumers(local("residents"), local("incentives"));
        let wait = async {
            while events > 0 {
                for consumer in &consumers {
                    events = events.saturating_sub(consumer.catch_up().await.unwrap());
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("the events are heard");
    }

    /// Lets incentives order what a member is paid, and hears it; answers its id.
    pub async fn award(&self, person: Uuid, rank: i32, gross_fen: i64) -> Uuid {
        let id = Uuid::now_v7();
        self.award_again(id, person, rank, gross_fen).await;
        id
    }

    pub async fn award_again(&self, id: Uuid, person: Uuid, rank: i32, gross_fen: i64) {
        let told = json!({"cash_award_id": id, "person_id": person, "month": "2026-11", "rank": rank, "gross_fen": gross_fen,
            "at": self.now()});
        self.tell(id, "hemei.incentives.v1.CashAwardApproved", told).await;
        self.hear(1).await;
    }

    pub fn payouts(&self) -> rpc::Payouts {
        rpc::Payouts(self.state.clone())
    }

    /// What a district admin asks.
    pub fn admin<T>(&self, person: Uuid, rpc: &str, message: T) -> Request<T> {
        ask(self.district, person, (Role::DistrictAdmin, "gn", Level::District), rpc, message)
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

/// The field a bad request names.
pub fn field(status: &Status) -> String {
    let request = status.get_details_bad_request();
    request.and_then(|request| request.field_violations.first().map(|field| field.field.clone())).unwrap_or_default()
}
