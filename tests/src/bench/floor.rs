//! The floor: the suite's own statements, one a commit, driven straight at the same server by as many connections.
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chassis::clock::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use hemei_tests::tickets::{self as steps, Cast};
use sqlx::{PgPool, Row, postgres::PgPoolOptions};
use tickets::{
    Act,
    store::{
        change::{self, Change, Guard, Values},
        report::{self, NewTicket, Point, Terms},
        ticket,
    },
};
use uuid::Uuid;

use crate::load::Figures;

/// What a ticket of the load looks like in the database.
#[derive(Clone)]
struct Model {
    district_id: Uuid,
    place_id: Uuid,
    place_path: String,
    people: [Uuid; 3],
    department_id: Uuid,
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
    let row = sqlx::query("select district_id, place_id, place_path from tickets.ticket where ticket_id = $1").bind(id);
    let row = row.fetch_one(pool).await?;
    let people =
        [&cast.courier, &cast.liaison, &cast.handler].map(|person| person.person_id.parse().unwrap_or_default());
    let (district_id, place_id, place_path) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Model { district_id, place_id, place_path, people, department_id: cast.department().parse()? })
}

impl Model {
    fn report(&self, ticket_id: Uuid, now: DateTime<Utc>) -> NewTicket {
        let terms =
            Terms { category_code: "10001".to_owned(), level: 3, priority: 2, resolve_hours: 48, after_photo: false };
        NewTicket {
            district_id: self.district_id,
            ticket_id,
            number_prefix: "GN261123-".to_owned(),
            terms,
            text: "单元门口台阶结冰，老人进出危险".to_owned(),
            place_id: self.place_id,
            place_path: self.place_path.clone(),
            point: Some(Point { lng: 130.29, lat: 47.34, crs: "GCJ02", accuracy_m: Some(20.0), gcj: (130.29, 47.34) }),
            reporter_id: self.people[0],
            reporter_role: "courier",
            media: Vec::new(),
            captured_at: now,
            received_at: now,
            claim_by: now + TimeDelta::minutes(30),
            promised_by: now + TimeDelta::hours(49),
            request_hash: vec![7; 32],
            traceparent: String::new(),
        }
    }

    fn change(&self, ticket_id: Uuid, act: Act, now: DateTime<Utc>) -> Change {
        let (liaison, handler) = (self.people[1], self.people[2]);
        let scopes = Some(vec![self.place_path.clone()]);
        let (guard, values, actor_id) = match act {
            Act::Claim => (
                Guard { scopes, ..Guard::default() },
                Values { claimed_by: Some(liaison), ..Values::default() },
                liaison,
            ),
            Act::Dispatch => (
                Guard { scopes, claimer: Some(liaison), ..Guard::default() },
                Values { department_id: Some(self.department_id), ..Values::default() },
                liaison,
            ),
            _ => (
                Guard { department: Some(vec![self.department_id]), ..Guard::default() },
                Values {
                    handler_id: Some(handler), resolution_text: Some("已清理".to_owned()), ..Values::default()
                },
                handler,
            ),
        };
        let (district_id, text) = (self.district_id, String::new());
        let (body_hash, traceparent) = (vec![7; 32], String::new());
        Change {
            act,
            district_id,
            ticket_id,
            guard,
            values,
            actor_id,
            actor_role: "liaison",
            text,
            at: now,
            body_hash,
            traceparent,
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
        for act in [Act::Claim, Act::Dispatch, Act::Resolve] {
            let asked = Instant::now();
            let changed = change::apply(&pool, &[model.change(id, act, clock.now())]).await?;
            ensure!(changed.len() == 1, "{act:?} changes a row");
            figures.latencies.push(asked.elapsed());
        }
        let asked = Instant::now();
        ticket::get(&pool, model.district_id, id).await?.context("the ticket")?;
        figures.latencies.push(asked.elapsed());
        figures.lifecycles += 1;
    }
    figures.took = begun.elapsed();
    Ok(figures)
}
