//! Reports and what becomes of them. Owns the schema `tickets`.
//!
//! ```text
//!  reporter ─T1─▶ POOL ──T2 liaison──▶ CLAIMED ─T6─▶ DISPATCHED ─T9─▶ IN_PROGRESS ─T14─▶ FEEDBACK ─T19─▶ CLOSED
//!                  │ T3 after 30 min    │ ▲ │T4        │ T11 refused     │ ▲ T17            │  ▲
//!                  ▼            T8 unclear│ │          │                 ▼ │T16             │T18, T20 back to work
//!             COORDINATION ◀────────────┘ │ └▶COMMUNITY│               PAUSED               │
//!                  ▲ │ T12 ruling, T13 ───┼────────────┴▶ DISPATCHED                        │
//!                  └─┼────────────────────┴─────────────────────────────── T21 again ───────┘
//! ```
//! The rules are one pure function ([`decide`]) over one table ([`TRANSITIONS`]). A change is one statement that compares the
//! row's version and sets row, event and outbox row; whoever waits at the same time shares it. The whole table is in docs/tickets.md.
mod agenda;
mod audience;
pub mod audit;
mod calendar;
mod category;
pub mod channels;
mod decide;
mod error;
mod events;
pub mod figures;
mod followers;
mod inbox;
mod machine;
mod map;
mod notices;
pub mod ops;
mod precedent;
mod precedents;
mod recent;
mod rewards;
pub mod rpc;
mod similar;
mod staff_list;
pub mod store;
mod strikes;
pub mod sweep;
mod terms;
mod ticket;
mod wire;
mod wording;
mod writers;

use std::{sync::Arc, time::Duration};

use chassis::{
    access::{self, Caller},
    clock::Clock,
    config::Loaded,
    consumer::Consumer,
    faults::Fault,
    feed::{Feed, Source, Waker},
    keys::Keyring,
    media::MediaIds,
    ops::Readiness,
    outbox::Outbox,
    server::Parts,
    vault::Vault,
    verifier::KeySource,
};
use proto::{
    events::v1::feed_service_server::FeedServiceServer,
    tickets::v1::{
        case_service_server::CaseServiceServer, category_service_server::CategoryServiceServer,
        channel_service_server::ChannelServiceServer, figure_service_server::FigureServiceServer,
        inbox_service_server::InboxServiceServer, precedent_service_server::PrecedentServiceServer,
        staff_service_server::StaffServiceServer, terms_service_server::TermsServiceServer,
        ticket_service_server::TicketServiceServer,
    },
};
use ring::hmac;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, service::Routes};
use uuid::Uuid;

pub use crate::{
    calendar::{Calendar, ClockMode},
    category::{Categories, Category},
    decide::{
        Actor, Away, Change, Checkers, Decision, Deed, Departments, Rules, Ruling, TicketSettings, Wish, born_timers,
        decide,
    },
    events::{payouts_consumer, points_consumer, posts_consumer, residents_consumer},
    followers::followers_consumer,
    machine::{Act, State, TRANSITIONS, Timer, Transition, document, escalation_hours, rows, timers_of},
    map::Maps,
    notices::notices_consumer,
    ticket::{CouncilDecision, Resolution, Scope, Ticket},
};
use crate::{
    channels::{ChannelSettings, Channels, Robots, Sender, remind},
    recent::Recent,
    staff_list::StaffList,
    terms::Terms,
    writers::{Changes, Reports},
};

/// The schema's history.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The schema and the producer's name.
pub const NAME: &str = "tickets";

/// What the operations work with.
pub struct Tickets {
    pub pool: PgPool,
    /// What happens to tickets, which several listen to.
    pub outbox: Outbox,
    pub clock: Clock,
    pub media: MediaIds,
    pub terms: Terms,
    pub categories: Arc<Categories>,
    pub maps: Maps,
    pub staff: StaffList,
    draw_key: Arc<hmac::Key>,
    waker: Option<Waker>,
    reports: Reports,
    changes: Changes,
}

impl Tickets {
    /// Starts the writers; needs a runtime. `waker` tells the feed's readers, where there are any.
    pub fn new(pool: PgPool, clock: Clock, media: MediaIds, settings: TicketSettings, waker: Option<Waker>) -> Self {
        let recent = Arc::new(Recent::default());
        let reports = writers::reports(&pool, &recent, &waker);
        let changes = writers::changes(&pool, &recent, &waker);
        Self {
            draw_key: Arc::new(media.derived_key("checkers")),
            outbox: Outbox::new(pool.clone(), NAME),
            pool,
            clock,
            media,
            terms: Terms::new(settings),
            categories: Arc::default(),
            maps: Maps::default(),
            staff: StaffList::default(),
            waker,
            reports,
            changes,
        }
    }

    /// What the rules look at in a district, as this process knows it now.
    pub fn rules(&self, district: Uuid) -> Rules {
        let (categories, terms) = (self.categories.clone(), self.terms.of(district));
        Rules {
            settings: terms.settings,
            calendar: terms.calendar.clone(),
            departments: self.staff.departments(district),
            checkers: self.staff.checkers(district),
            category: Arc::new(move |code| categories.known(district, code)),
            draw_key: self.draw_key.clone(),
        }
    }

    /// Who calls, with the streets they stand in for now.
    pub fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let mut caller = access::caller(request)?;
        self.terms.of(caller.district_id).stand_in(&mut caller, self.clock.now());
        Ok(caller)
    }

    /// Reads the districts' terms and categories again where one of them has changed.
    pub async fn refresh_terms(&self) -> sqlx::Result<()> {
        if self.terms.refresh(&self.pool, self.clock.now()).await? {
            self.categories.refresh(&self.pool).await?;
        }
        Ok(())
    }

    /// Lets the feed's readers know that there is something new.
    pub fn wake(&self) {
        self.waker.iter().for_each(Waker::wake);
    }
}

/// Runs the role until it is stopped.
pub async fn serve(loaded: Loaded, stop: CancellationToken) -> Result<(), Fault> {
    let parts = Parts::open(NAME, loaded, stop)?;
    let settings = parts.loaded.role::<TicketSettings>()?;
    let keys = Keyring::load_or_create(&parts.loaded.settings.keys_dir, "media").map_err(Fault::internal)?;
    let waker = Some(parts.waker.clone());
    let tickets = Arc::new(Tickets::new(parts.pool.clone(), parts.clock.clone(), MediaIds::new(keys), settings, waker));
    let residents = parts.peer("residents")?;
    tokio::spawn(remember(tickets.clone(), parts.clone()));
    tokio::spawn(hear(posts_consumer(&parts.pool, Source::Remote(residents.clone())), &parts, "posts"));
    tokio::spawn(hear(residents_consumer(&parts.pool, Source::Remote(residents.clone())), &parts, "residents"));
    tokio::spawn(hear(followers_consumer(&tickets), &parts, "followers"));
    hear_of_rewards(&parts)?;
    tokio::spawn(sweep::run(tickets.clone(), Some(parts.waker.clone()), parts.stop.clone()));
    if parts.loaded.settings.sandbox() {
        tokio::spawn(hear(notices_consumer(&tickets, parts.cache.clone()), &parts, "notices"));
    }
    let channels = channels(&tickets, &parts)?;
    tokio::spawn(audit::chain(&parts.pool).run(parts.clock.clone(), parts.stop.clone()));
    let routes = Routes::new(TicketServiceServer::new(rpc::tickets::TicketRpc(tickets.clone())))
        .add_service(StaffServiceServer::new(rpc::staff::StaffRpc(tickets.clone())))
        .add_service(CategoryServiceServer::new(rpc::categories::CategoryRpc(tickets.clone())))
        .add_service(TermsServiceServer::new(rpc::terms::TermsRpc(tickets.clone())))
        .add_service(PrecedentServiceServer::new(rpc::precedents::PrecedentRpc(tickets.clone())))
        .add_service(FigureServiceServer::new(rpc::figures::FigureRpc(tickets.clone())))
        .add_service(InboxServiceServer::new(rpc::inbox::InboxRpc(tickets.clone())))
        .add_service(CaseServiceServer::new(rpc::casework::CaseRpc(tickets.clone())))
        .add_service(ChannelServiceServer::new(rpc::channels::ChannelRpc(channels)))
        .add_service(FeedServiceServer::new(Feed(tickets.outbox.clone())));
    parts.serve(routes, KeySource::Asked(residents)).await
}

fn hear(consumer: Consumer, parts: &Parts, gate: &'static str) -> impl Future<Output = ()> + use<> {
    consumer.run(parts.cache.clone(), parts.readiness.gate(gate), parts.stop.clone())
}

/// Starts to hear of points and payouts. Those services wait for this one, so this one is ready without them.
fn hear_of_rewards(parts: &Parts) -> Result<(), Fault> {
    let (incentives, finance) = (parts.peer("incentives")?, parts.peer("finance")?);
    let points = points_consumer(&parts.pool, &parts.clock, Source::Remote(incentives));
    let payouts = payouts_consumer(&parts.pool, &parts.clock, Source::Remote(finance));
    for consumer in [points, payouts] {
        let unwaited = Readiness::default().gate(consumer.producer);
        tokio::spawn(consumer.run(parts.cache.clone(), unwaited, parts.stop.clone()));
    }
    Ok(())
}

/// Starts what sends to groups and reminds them.
fn channels(tickets: &Arc<Tickets>, parts: &Parts) -> Result<Arc<Channels>, Fault> {
    let settings = parts.loaded.role::<ChannelSettings>()?;
    let keys = |name| Keyring::load_or_create(&parts.loaded.settings.keys_dir, name).map_err(Fault::internal);
    let vault = Vault::new(keys("vault")?, keys("index")?);
    let channels = Arc::new(Channels { tickets: tickets.clone(), vault });
    let sender = Sender { channels: channels.clone(), robots: Robots::new(&settings.wecom_address)? };
    tokio::spawn(Arc::new(sender).run(parts.stop.clone()));
    let (tickets, stop) = (tickets.clone(), parts.stop.clone());
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(REMIND_EVERY)).await.is_some() {
            if let Err(fault) = remind(&tickets, &settings).await {
                tracing::warn!(%fault, "no reminders written");
            }
        }
    });
    Ok(channels)
}

const REMIND_EVERY: Duration = Duration::from_secs(30);

/// Keeps maps as fresh as a second, and what others may have left unsaid as a minute.
async fn remember(tickets: Arc<Tickets>, parts: Parts) {
    let gate = parts.readiness.gate("categories");
    let mut every = tokio::time::interval(Duration::from_secs(1));
    for second in 0_u64.. {
        tokio::select! {
            () = parts.stop.cancelled() => return,
            _ = every.tick() => {}
        }
        match refresh(&tickets, second % 60 == 0).await {
            Ok(()) => gate.open(),
            Err(error) => tracing::debug!(%error, "memory not refreshed"),
        }
    }
}

async fn refresh(tickets: &Tickets, all: bool) -> sqlx::Result<()> {
    if all {
        tickets.categories.refresh(&tickets.pool).await?;
    }
    tickets.refresh_terms().await?;
    tickets.categories.ensure(&tickets.pool).await?;
    tickets.maps.refresh(&tickets.pool).await?;
    tickets.staff.refresh(&tickets.pool, tickets.clock.today()).await
}
