//! A database, a small district and its people for each test.
mod answers;
pub mod people;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chassis::{clock::Clock, consumer::Consumer, feed::Source, keys::Keyring, media::MediaIds};
use chrono::{DateTime, Utc};
use proto::{
    events::v1::{Event, Position},
    residents::v1::{DepartmentChanged, Location, PersonChanged, PlaceChanged, location::Crs, place_changed::Point},
    tickets::v1::{
        AcceptRequest, ClaimRequest, DispatchRequest, GetTicketRequest, ListEventsRequest, ListTicketsRequest,
        RateRequest, ReportRequest, ResolveRequest, Ticket, TicketEvent, ticket_service_server::TicketService,
    },
};
use sqlx::PgPool;
use test_database::Database;
use tickets::{TicketSettings, Tickets, rpc::tickets::TicketRpc, store::projection};
use tonic::Status;
use uuid::Uuid;

pub use self::answers::{answer, fact, field, reason, state};
use self::people::Person;

/// The live deadlines, to be counted.
pub const TIMERS: &str = "ticket, jsonb_array_elements(timers)";
pub const NEEDS_PHOTO: &str = "85002";
pub const NEEDS_NO_PHOTO: &str = "09006";

/// One installation with two districts, and two replicas of the service.
pub struct World {
    pub pool: PgPool,
    pub clock: Clock,
    pub media: MediaIds,
    pub replicas: [TicketRpc; 2],
    turn: AtomicUsize,
    pub gongnong: Uuid,
    pub xingshan: Uuid,
    pub compound: Uuid,
    pub building: Uuid,
    pub street: Uuid,
    pub housing: Uuid,
    pub fire: Uuid,
    pub courier: Person,
    pub liaison: Person,
    pub handler: Person,
    pub street_name: String,
    _keys: Folder,
    _database: Database,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An instant on the test's morning: 09:00 in Asia/Shanghai.
pub fn morning() -> DateTime<Utc> {
    "2026-11-23T01:00:00Z".parse().unwrap()
}

impl World {
    pub async fn new() -> Self {
        let database = Database::create("tickets", Some(&tickets::MIGRATOR), "").await;
        let pool = database.pool.clone();
        let clock = Clock::stopped(morning());
        let keys = Folder(std::env::temp_dir().join(format!("tickets-{}", Uuid::now_v7())));
        let media = MediaIds::new(Keyring::load_or_create(&keys.0, "media").unwrap());
        let settings = TicketSettings::default();
        let replica = || TicketRpc(Arc::new(Tickets::new(pool.clone(), clock.clone(), media.clone(), settings, None)));
        let [gongnong, xingshan, compound, building, street, housing, fire] = [(); 7].map(|()| Uuid::now_v7());
        let world = Self {
            replicas: [replica(), replica()],
            turn: AtomicUsize::new(0),
            courier: Person::courier(gongnong),
            liaison: Person::liaison(gongnong, "gn.xy"),
            handler: Person::handler(gongnong, housing),
            street_name: format!("向阳街道{}", Uuid::now_v7().simple()),
            _keys: keys,
            _database: database,
            pool,
            clock,
            media,
            gongnong,
            xingshan,
            compound,
            building,
            street,
            housing,
            fire,
        };
        world.settle().await;
        for replica in &world.replicas {
            replica.0.staff.reread(&world.pool, world.clock.today()).await.unwrap();
        }
        world
    }

    /// The places, departments and names that the residents service would tell of.
    async fn settle(&self) {
        let mut connection = self.pool.acquire().await.unwrap();
        let (gn, xs) = (self.gongnong, self.xingshan);
        let community = Uuid::now_v7();
        let places = [
            place(gn, Uuid::now_v7(), ("gn", "工农区", 1), None, (130.2, 47.3, 0.2)),
            place(gn, self.street, ("gn.xy", &self.street_name, 2), None, (130.2, 47.3, 0.1)),
            place(gn, Uuid::now_v7(), ("gn.hq", "红旗街道", 2), None, (130.3, 47.3, 0.1)),
            place(gn, community, ("gn.xy.sh", "松鹤社区", 3), Some(self.street), (130.22, 47.32, 0.04)),
            place(gn, self.compound, ("gn.xy.sh.03", "松鹤小区", 4), Some(community), (130.23, 47.33, 0.01)),
            place(gn, self.building, ("gn.xy.sh.03.1", "1号楼", 5), Some(self.compound), (0.0, 0.0, 0.0)),
            place(xs, Uuid::now_v7(), ("xs.yh", "岭北街道", 2), None, (130.5, 47.3, 0.1)),
        ];
        projection::keep_places(&mut connection, &places).await.unwrap();
        let department = |id: Uuid, name: &str| {
            (gn, id, DepartmentChanged { department_id: id.to_string(), name: name.into(), code: name.into() })
        };
        let departments = [department(self.housing, "住建局"), department(self.fire, "消防救援大队")];
        projection::keep_departments(&mut connection, &departments).await.unwrap();
        drop(connection);
        self.name(&self.courier, "李春生").await;
        self.name(&self.liaison, "张明").await;
        self.name(&self.handler, "赵强").await;
    }

    pub async fn name(&self, person: &Person, name: &str) {
        let mut connection = self.pool.acquire().await.unwrap();
        let told = PersonChanged { person_id: person.id.to_string(), name: name.into() };
        projection::keep_people(&mut connection, &[(person.district, person.id, told)]).await.unwrap();
    }

    /// The first replica's service.
    pub fn service(&self) -> &Tickets {
        &self.replicas[0].0
    }

    /// The replicas in turn.
    pub fn rpc(&self) -> &TicketRpc {
        &self.replicas[self.turn.fetch_add(1, Ordering::Relaxed) % 2]
    }

    /// A photo this person uploaded.
    pub fn photo(&self, person: &Person) -> String {
        self.media.mint(person.district, person.id, self.clock.now()).to_string()
    }

    pub async fn report(&self, person: &Person, request: ReportRequest) -> Result<Ticket, Status> {
        answer(self.rpc().report(person.asks("Report", request)).await)
    }

    pub async fn claim(&self, person: &Person, id: &str) -> Result<Ticket, Status> {
        answer(self.rpc().claim(person.asks("Claim", ClaimRequest { ticket_id: id.into() })).await)
    }

    pub async fn dispatch(&self, person: &Person, id: &str, department: Uuid) -> Result<Ticket, Status> {
        let request =
            DispatchRequest { ticket_id: id.into(), department_id: department.to_string(), ..Default::default() };
        answer(self.rpc().dispatch(person.asks("Dispatch", request)).await)
    }

    pub async fn accept(&self, person: &Person, id: &str) -> Result<Ticket, Status> {
        answer(self.rpc().accept(person.asks("Accept", AcceptRequest { ticket_id: id.into() })).await)
    }

    pub async fn resolve(&self, person: &Person, id: &str, photos: &[String]) -> Result<Ticket, Status> {
        let request = ResolveRequest {
            ticket_id: id.into(),
            text: "已清理".into(),
            media_ids: photos.to_vec(),
            ..Default::default()
        };
        answer(self.rpc().resolve(person.asks("Resolve", request)).await)
    }

    pub async fn rate(&self, person: &Person, id: &str, satisfied: bool, comment: &str) -> Result<Ticket, Status> {
        let request =
            RateRequest { ticket_id: id.into(), satisfied: Some(satisfied), comment: comment.into(), solved: None };
        answer(self.rpc().rate(person.asks("Rate", request)).await)
    }

    pub async fn get(&self, person: &Person, id: &str) -> Result<Ticket, Status> {
        answer(self.rpc().get_ticket(person.asks("GetTicket", GetTicketRequest { ticket_id: id.into() })).await)
    }

    pub async fn list(&self, person: &Person, request: ListTicketsRequest) -> Vec<Ticket> {
        self.rpc().list_tickets(person.asks("ListTickets", request)).await.unwrap().into_inner().tickets
    }

    pub async fn events(&self, person: &Person, id: &str) -> Vec<TicketEvent> {
        let request = ListEventsRequest { ticket_id: id.into(), ..Default::default() };
        self.rpc().list_events(person.asks("ListEvents", request)).await.unwrap().into_inner().events
    }

    /// A new ticket of the courier in the pool of the street.
    pub async fn pooled(&self) -> Ticket {
        self.report(&self.courier, report(NEEDS_NO_PHOTO)).await.unwrap()
    }

    /// A new ticket sent to the housing department.
    pub async fn dispatched(&self, category: &str) -> Ticket {
        let ticket = self.report(&self.courier, report(category)).await.unwrap();
        self.claim(&self.liaison, &ticket.ticket_id).await.unwrap();
        self.dispatch(&self.liaison, &ticket.ticket_id, self.housing).await.unwrap()
    }

    /// What the feed tells, once it tells this much: it holds back while any older transaction of the server is open.
    pub async fn told(&self, events: usize) -> Vec<Event> {
        let source = Source::local(self.pool.clone(), "tickets");
        let all = async {
            loop {
                let told = source.read(Position::default(), 1000).await.unwrap();
                if told.len() >= events {
                    return told;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("the feed tells it")
    }

    /// Lets a consumer hear everything that this service has told so far; `heard` is how much of it it had heard before.
    pub async fn hear(&self, consumer: &Consumer, heard: usize) -> usize {
        let told = usize::try_from(self.count("outbox").await).unwrap();
        let all = async {
            let mut heard = heard;
            while heard < told {
                heard += consumer.catch_up().await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            heard
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("it hears everything")
    }

    pub async fn count(&self, table: &str) -> i64 {
        let statement = format!("select count(*) from tickets.{table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&self.pool).await.unwrap()
    }
}

/// A sound report in the compound.
pub fn report(category: &str) -> ReportRequest {
    ReportRequest {
        ticket_id: Uuid::now_v7().to_string(),
        category_code: category.into(),
        text: "楼道口结冰，老人易滑倒".into(),
        location: Some(at(130.235, 47.335)),
        ..Default::default()
    }
}

pub fn at(lng: f64, lat: f64) -> Location {
    Location { lng: Some(lng), lat: Some(lat), crs: Crs::Gcj02.into(), accuracy_m: Some(20.0) }
}

fn place(
    district: Uuid,
    id: Uuid,
    (path, name, level): (&str, &str, i32),
    parent: Option<Uuid>,
    (lng, lat, side): (f64, f64, f64),
) -> projection::Told<PlaceChanged> {
    let corners = [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)];
    let corners = corners.into_iter().filter(|_| side > 0.0);
    let told = PlaceChanged {
        place_id: id.to_string(),
        parent_id: parent.map(|id| id.to_string()).unwrap_or_default(),
        name: name.into(),
        full_name: name.into(),
        level,
        path: path.into(),
        boundary: corners.map(|(east, north)| Point { lng: lng + east, lat: lat + north }).collect(),
    };
    (district, id, told)
}
