//! The floor: the suite's own statements, one a commit, driven straight at the same server by as many connections.
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chassis::{access::Reach, clock::Clock, keys::Keyring, media::MediaIds};
use chrono::{DateTime, TimeDelta, Utc};
use hemei_tests::tickets::{self as steps, Cast};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tickets::{
    Actor, Away, Change, Decision, Deed, Rules, Ticket, TicketSettings, Tickets, Wish, decide,
    store::{
        change::{self, Together},
        report::{self, NewTicket},
        ticket,
    },
};
use uuid::Uuid;

use crate::load::Figures;

/// What a ticket of the load looks like in the database, and who acts.
#[derive(Clone)]
struct Model {
    ticket: Ticket,
    people: [Uuid; 3],
    department_id: Uuid,
    rules: Rules,
}

/// Lifecycles as bare statements, for so long.
pub async fn run(url: &str, cast: &Cast, connections: usize, measured: Duration) -> Result<Figures> {
    let most = u32::try_from(connections)?;
    let pool = PgPoolOptions::new()
        .max_connections(most)
        .min_connections(most)
        .test_before_acquire(false)
        .connect(url)
        .await?;
    let model = look(&pool, cast).await?;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..connections {
        workers.spawn(work(pool.clone(), model.clone(), measured));
    }
    let mut all = Figures::default();
    while let Some(figures) = workers.join_next().await {
        all.add(figures??);
    }
    pool.close().await;
    Ok(all)
}

/// Files one report through the suite and reads what became of it.
async fn look(pool: &PgPool, cast: &Cast) -> Result<Model> {
    let id = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &steps::report(id, &cast.courier)).await?.success()?;
    let district: Uuid = cast.courier.district_id.parse()?;
    let ticket = ticket::get(pool, district, id).await?.context("the report")?;
    let people =
        [&cast.courier, &cast.liaison, &cast.handler].map(|person| person.person_id.parse().unwrap_or_default());
    let keys = std::env::temp_dir().join(format!("bench-{id}"));
    let media = MediaIds::new(Keyring::load_or_create(&keys, "media")?);
    let service = Tickets::new(pool.clone(), Clock::System, media, TicketSettings::default(), None);
    std::fs::remove_dir_all(keys).ok();
    Ok(Model { ticket, people, department_id: cast.department().parse()?, rules: service.rules(district) })
}

impl Model {
    fn report(&self, ticket_id: Uuid, now: DateTime<Utc>) -> NewTicket {
        let claim_by = now + TimeDelta::minutes(30);
        let mut ticket = self.ticket.clone();
        (ticket.ticket_id, ticket.received_at, ticket.captured_at) = (ticket_id, now, now);
        (ticket.claim_by, ticket.entered_at) = (claim_by, Some(now));
        tickets::born_timers(&mut ticket);
        let change = Change::born(ticket, String::new());
        NewTicket { facts: change.facts, told: change.told, traceparent: String::new(), ticket: change.after }
    }

    fn deeds(&self) -> [Deed; 3] {
        let (department_id, assisting, text) = (self.department_id, Vec::new(), String::new());
        let done = Deed::Resolve { text: "已清理".to_owned(), media: Vec::new(), away: Away::default() };
        [Deed::Claim, Deed::Dispatch { department_id, assisting, text }, done]
    }

    fn wish(&self, ticket: &Ticket, deed: Deed, now: DateTime<Utc>) -> Result<Change> {
        let [_, liaison, handler] = self.people;
        let reach = Reach {
            places: vec![self.ticket.place_path.clone()],
            departments: vec![self.department_id],
            ..Reach::default()
        };
        let person_id = if matches!(deed, Deed::Resolve { .. }) { handler } else { liaison };
        let wish = Wish {
            district_id: ticket.district_id,
            ticket_id: ticket.ticket_id,
            deed,
            actor: Some(Actor { person_id, role: "liaison", reach }),
            version: None,
            at: now,
            body_hash: vec![7; 32],
            traceparent: String::new(),
        };
        match decide(ticket, &wish, &self.rules)? {
            Decision::Change(change) => Ok(*change),
            Decision::Repeated => bail!("nothing to do"),
        }
    }
}

async fn work(pool: PgPool, model: Model, measured: Duration) -> Result<Figures> {
    let (begun, clock) = (Instant::now(), Clock::System);
    let mut figures = Figures::default();
    while begun.elapsed() < measured {
        let id = Uuid::now_v7();
        let asked = Instant::now();
        let made = report::report(&pool, &[model.report(id, clock.now())]).await?;
        ensure!(made.len() == 1, "a report is a row");
        figures.latencies.push(asked.elapsed());
        let mut row = made.into_iter().next().context("a row")?;
        for deed in model.deeds() {
            let asked = Instant::now();
            let wish = model.wish(&row, deed, clock.now())?;
            let mut changed = change::apply(&pool, vec![wish], Together::No).await?;
            row = changed.remove(&id).context("a row changes")?;
            figures.latencies.push(asked.elapsed());
        }
        let asked = Instant::now();
        ticket::get(&pool, model.ticket.district_id, id).await?.context("the ticket")?;
        figures.latencies.push(asked.elapsed());
        figures.lifecycles += 1;
    }
    figures.took = begun.elapsed();
    Ok(figures)
}
