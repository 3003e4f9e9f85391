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
use incentives::{Incentives, MIGRATOR, ops, rpc};
use proto::api::v1::post::{Level, Role};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use test_database::Database;
use tonic::{Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

/// The compound where prizes are picked up, its community above it, and another community.
pub const PICKUP: &str = "gn.xy.sh";
pub const COMMUNITY: &str = "gn.xy";
pub const ELSEWHERE: &str = "gn.hy";

/// What the services tell that this one listens to.
const PRODUCERS: &str = "create schema tickets; create table tickets.outbox (like incentives.outbox including all);
     create schema residents; create table residents.outbox (like incentives.outbox including all)";

pub struct World {
    pub state: Incentives,
    pub district: Uuid,
    pub pool: PgPool,
    _database: Database,
}

fn keyring(name: &str) -> Keyring {
    Keyring::load_or_create(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("incentives-keys"), name).unwrap()
}

impl World {
    pub async fn new() -> Self {
        let database = Database::create("incentives", Some(&MIGRATOR), PRODUCERS).await;
        let pool = database.pool.clone();
        let clock = Clock::stopped(DateTime::from_timestamp(1_795_464_000, 0).unwrap());
        let cache = Cache::new(&test_database::redis_url()).unwrap();
        let vault = Vault::new(keyring("vault"), keyring("index"));
        let waker = Waker::start(cache.clone(), "incentives");
        let state = Incentives::new(pool.clone(), clock, vault, MediaIds::new(keyring("media")), cache, waker);
        let world = Self { state, district: Uuid::now_v7(), pool, _database: database };
        for path in [COMMUNITY, PICKUP, ELSEWHERE] {
            let place = json!({"place_id": Uuid::now_v7(), "name": path, "path": path});
            world.tell("residents", Uuid::now_v7(), "hemei.residents.v1.PlaceChanged", place).await;
        }
        world.hear(3).await;
        world
    }

    /// Writes an event of another service.
    pub async fn tell(&self, producer: &str, subject: Uuid, kind: &str, payload: serde_json::Value) {
        let statement = format!(
            "insert into {producer}.outbox (district_id, subject_id, type, payload, at) values ($1, $2, $3, $4, $5)"
        );
        let query = sqlx::query(AssertSqlSafe(statement)).bind(self.district).bind(subject).bind(kind);
        query.bind(payload).bind(self.now()).execute(&self.pool).await.unwrap();
    }

    /// Applies what was told, until this many events have been.
    pub async fn hear(&self, events: usize) {
        self.listen(&[0, 1], events).await;
    }

    /// Hears of people and posts until there is nothing new.
    pub async fn hear_members(&self, events: usize) {
        self.listen(&[2], events).await;
    }

    /// Lets some of the consumers hear so many events in all.
    async fn listen(&self, which: &[usize], mut events: usize) {
        let local = |schema| Source::local(self.pool.clone(), schema);
        let consumers = self.state.consumers(local("tickets"), local("residents"));
        let wait = async {
            while events > 0 {
                for consumer in which {
                    events = events.saturating_sub(consumers[*consumer].catch_up().await.unwrap());
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("the events are heard");
    }

    /// Tells that a ticket went from one state to another.
    pub async fn ticket(&self, ticket: Uuid, reporter: Uuid, category: &str, from: &str, to: &str) {
        self.ticket_as(ticket, reporter, (from, to), json!({"category_code": category})).await;
    }

    /// The same with what else there is to know of it: category, place, level, priority.
    pub async fn ticket_as(&self, ticket: Uuid, reporter: Uuid, (from, to): (&str, &str), more: serde_json::Value) {
        let mut payload = json!({"ticket_id": ticket, "number": "GN261123-000042", "from_state": from, "to_state": to,
            "reporter_id": reporter, "reporter_role": "courier", "at": self.now()});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.tell("tickets", ticket, "hemei.tickets.v1.TicketChanged", payload).await;
    }

    /// Lets a person earn this many points by one closed ticket.
    pub async fn earn(&self, person: Uuid, points: i64) {
        self.line("REPORT", &format!("earn-{points}"), points).await;
        self.closed(person, &format!("earn-{points}")).await;
    }

    /// Lets a person's report be taken up and closed; answers its ticket.
    pub async fn closed(&self, person: Uuid, category: &str) -> Uuid {
        let ticket = Uuid::now_v7();
        self.ticket(ticket, person, category, "POOL", "CLAIMED").await;
        self.ticket(ticket, person, category, "FEEDBACK", "CLOSED").await;
        self.listen(&[0], 2).await;
        ticket
    }

    /// Adds a line to the district's rules, as the next version.
    pub async fn line(&self, rule: &str, category: &str, points: i64) {
        let line = json!({"rule": rule, "category_code": category, "priority": 0, "level": 0, "points": points});
        let mut rules = self.rules().await;
        let known = rules["lines"].as_array().unwrap().contains(&line);
        rules["lines"].as_array_mut().unwrap().push(line);
        if !known {
            self.put_rules(rules).await;
        }
    }

    /// The district's latest rules as they are stored.
    pub async fn rules(&self) -> serde_json::Value {
        let latest = "select rules from incentives.rule_set where district_id = $1 order by version desc limit 1";
        let rules = sqlx::query_scalar(latest).bind(self.district).fetch_optional(&self.pool).await.unwrap();
        rules.unwrap_or_else(|| {
            let line = |rule, points| json!({"rule": rule, "category_code": "*", "priority": 0, "level": 0, "points": points});
            json!({"lines": [line("REPORT", 10), line("CO_REPORT", 5)], "multipliers": [], "bonuses": [], "most_a_day": 0,
                "most_a_month": 0, "expiry_months": 12,
                "signals": {"same_place": 0, "burst": 0, "same_pair": 0, "same_photo": 0}})
        })
    }

    /// Writes the next version of the rules.
    pub async fn put_rules(&self, rules: serde_json::Value) {
        let put = "insert into incentives.rule_set (district_id, version, rules, valid_from, put_by, at)
             select $1, coalesce(max(version), 0) + 1, $2, $3, $1, $3 from incentives.rule_set where district_id = $1";
        sqlx::query(put).bind(self.district).bind(rules).bind(self.now()).execute(&self.pool).await.unwrap();
    }

    /// A prize at the pick-up point.
    pub async fn prize(&self, name: &str, points: i64, stock: i64) -> Uuid {
        self.import_prize(name, points, stock, "GOODS").await
    }

    /// A voucher without codes.
    pub async fn voucher(&self, name: &str, points: i64) -> Uuid {
        self.import_prize(name, points, 0, "VOUCHER").await
    }

    async fn import_prize(&self, name: &str, points: i64, stock: i64, kind: &str) -> Uuid {
        let row = incentives::PrizeRow {
            line: 2,
            name: name.to_owned(),
            points: points.to_string(),
            stock: stock.to_string(),
            pickup_place_path: PICKUP.to_owned(),
            hold_hours: String::new(),
            kind: kind.to_owned(),
        };
        assert_eq!(ops::import_prizes(&self.pool, self.district, &[row]).await.unwrap(), []);
        let id = sqlx::query_scalar("select prize_id from incentives.prize where district_id = $1 and name = $2");
        id.bind(self.district).bind(name).fetch_one(&self.pool).await.unwrap()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.state.clock.now()
    }

    pub fn points(&self) -> rpc::Points {
        rpc::Points(self.state.clone())
    }

    pub fn prizes(&self) -> rpc::Prizes {
        rpc::Prizes(self.state.clone())
    }

    pub fn redemptions(&self) -> rpc::Redemptions {
        rpc::Redemptions(self.state.clone())
    }

    /// What a courier of this district asks of an RPC, let in by its real access option.
    pub fn ask<T>(&self, person: Uuid, rpc: &str, message: T) -> Request<T> {
        ask(self.district, person, (Role::Courier, COMMUNITY, Level::Community), rpc, message)
    }

    /// What a district admin asks.
    pub fn admin<T>(&self, person: Uuid, rpc: &str, message: T) -> Request<T> {
        ask(self.district, person, (Role::DistrictAdmin, "gn", Level::District), rpc, message)
    }

    pub fn awards(&self) -> rpc::Awards {
        rpc::Awards(self.state.clone())
    }

    pub fn ranking(&self) -> rpc::Ranking {
        rpc::Ranking(self.state.clone())
    }

    pub fn months(&self) -> rpc::Months {
        rpc::Months(self.state.clone())
    }

    pub fn earning_rules(&self) -> rpc::EarningRules {
        rpc::EarningRules(self.state.clone())
    }

    /// What a community worker asks.
    pub fn worker<T>(&self, person: Uuid, place: &str, rpc: &str, message: T) -> Request<T> {
        ask(self.district, person, (Role::CommunityWorker, place, Level::Community), rpc, message)
    }
}

/// A request that passed the access layer.
pub fn ask<T>(district: Uuid, person: Uuid, post: (Role, &str, Level), rpc: &str, message: T) -> Request<T> {
    let (role, place, level) = post;
    let post = ClaimedPost { r: role.into(), p: place.to_owned(), l: level.into(), d: None };
    let claims = Claims { sub: person, did: district, sid: Uuid::now_v7(), posts: vec![post], iat: 0, exp: i64::MAX };
    let method = proto::methods().get(&format!("/hemei.incentives.v1.{rpc}")).expect("an RPC of the contract");
    let caller: Caller = admit(method.access.as_ref().unwrap(), &claims).expect("the role may call this");
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

/// The stable reason of a refusal, and a fact of it.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("a reason").reason
}

/// The first field a refusal names.
pub fn field(status: &Status) -> String {
    let request = status.get_details_bad_request();
    request.and_then(|request| request.field_violations.first().map(|field| field.field.clone())).unwrap_or_default()
}

pub fn fact(status: &Status, name: &str) -> String {
    status.get_details_error_info().expect("a reason").metadata.get(name).cloned().unwrap_or_default()
}
