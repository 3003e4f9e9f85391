//! Deadlines fire once, whatever happens to the replicas that watch them.
use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use hemei_tests::{Instance, audit, feeds, instance, people, retry, tickets, tickets::Cast};
use sqlx::PgPool;
use uuid::Uuid;

/// Many more tickets like this one, all unclaimed: half of them fell due a moment apart while nobody watched.
const OPEN: i64 = 100_000;
const MANY: i64 = OPEN / 2;

async fn multiply(pool: &PgPool, ticket: Uuid) {
    let copies = sqlx::query(
        "with copy as (
            insert into tickets.ticket (district_id, ticket_id, number_prefix, version, state, level, priority, category_code, text,
                place_id, place_path, reporter_id, reporter_role, report_media, captured_at, received_at, claim_by, promised_by,
                resolve_minutes, after_photo, request_hash, last_transition, last_actor, last_hash, held_by, entered_at, due_at, timers)
            select district_id, gen_random_uuid(), number_prefix, 1, 'POOL', level, priority, category_code, text, place_id, place_path,
                reporter_id, reporter_role, report_media, captured_at, received_at,
                d.at, promised_by, resolve_minutes, after_photo, request_hash,
                'T1', reporter_id, request_hash, held_by, received_at, d.at,
                jsonb_build_array(jsonb_build_object('kind', 'CLAIM', 'due_at', d.at, 'base_at', d.at, 'fired', 0))
            from tickets.ticket, generate_series(1, $2) n
                cross join lateral (select now() + n * interval '1 millisecond' + case when n <= $2 / 2 then interval '-1 hour' else interval '1 day' end as at) d
            where ticket_id = $1
            returning *
        ), told as (
            insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_role, timer, text, facts)
            select district_id, ticket_id, 1, 'T1', '', 'POOL', received_at, 'courier', '', '', '{}' from copy
        )
        insert into tickets.outbox (district_id, subject_id, type, payload, at)
        select district_id, ticket_id, 'hemei.tickets.v1.TicketChanged', jsonb_build_object('ticket_id', ticket_id, 'sequence', 1,
            'transition', 'T1', 'to_state', 'POOL', 'reporter_id', reporter_id, 'reporter_role', reporter_role, 'at', received_at), received_at from copy",
    );
    assert_eq!(copies.bind(ticket).bind(OPEN).execute(pool).await.unwrap().rows_affected(), OPEN as u64);
}

/// A second tickets process beside that of `hemei up`.
fn replica(suite: &Instance) -> Result<Child> {
    let log = std::fs::File::create(suite.data.join("log/replica.log"))?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(instance::binary()?).arg("tickets");
    command.arg("--config").arg(suite.data.join("hemei.toml"));
    let listen = || Ok::<_, anyhow::Error>(format!("127.0.0.1:{}", instance::free_port()?));
    command
        .env("HEMEI_TICKETS_LISTEN", listen()?)
        .env("HEMEI_TICKETS_OPS_LISTEN", listen()?)
        .env("HEMEI_SUPERVISED", "1");
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("setpriv starts a replica")
}

#[tokio::test]
async fn of_a_hundred_thousand_open_tickets_half_are_overdue_and_escalate_once_each_though_a_replica_is_killed() {
    let suite = tokio::task::spawn_blocking(|| Instance::start(&[])).await.unwrap().unwrap();
    let client = suite.client();
    let district = people::all(&client).await.unwrap()[0].district_id.clone();
    let cast = Cast::find(&client, &district).await.unwrap();
    let model = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &tickets::report(model, &cast.courier)).await.unwrap().success().unwrap();
    let pool = audit::open(&suite.database_url().unwrap()).await.unwrap();
    let escalated =
        || sqlx::query_scalar::<_, i64>("select count(*) from tickets.event where transition = 'T3'").fetch_one(&pool);
    let before = escalated().await.unwrap();

    let mut second = replica(&suite).unwrap();
    suite.kill("tickets").unwrap();
    multiply(&pool, model).await;
    let begun = async || Ok((escalated().await? > before).then_some(()));
    retry::until("the escalations begin", Duration::from_secs(10), begun).await.unwrap();
    second.kill().unwrap();
    second.wait().unwrap();
    let done = async || {
        let many = escalated().await? - before;
        Ok((many, many >= MANY))
    };
    retry::while_moving("all are escalated", done).await.unwrap();

    let once: i64 = sqlx::query_scalar(
        "select count(*) from (select ticket_id from tickets.event where transition = 'T3' group by ticket_id having count(*) = 1) t",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(once, escalated().await.unwrap(), "each once");
    let left: i64 = sqlx::query_scalar("select count(*) from tickets.ticket where state = 'POOL' and due_at < now()")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "no deadline stays behind");
    // Oldest first but for one batch of each replica: nobody was passed over for longer.
    let worst: i64 = sqlx::query_scalar(
        "select coalesce(max(abs(fired - due)), 0) from (
            select row_number() over (order by e.at, t.claim_by) as fired, row_number() over (order by t.claim_by) as due
            from tickets.event e join tickets.ticket t using (district_id, ticket_id)
            where e.transition = 'T3' and t.claim_by < now() - interval '20 minutes' and t.received_at > now() - interval '1 hour') o",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(worst <= 1000, "somebody was {worst} places out of order");
    feeds::quiet(&pool).await.unwrap();
    let dead: i64 = sqlx::query_scalar("select count(*) from incentives.dead_letter").fetch_one(&pool).await.unwrap();
    assert_eq!(dead, 0, "all of it was understood");
    tokio::task::spawn_blocking(|| drop(suite)).await.unwrap();
}

/// What fell due while the service was down is done within two seconds of its return.
#[tokio::test]
async fn a_deadline_that_passed_while_the_service_was_down_is_caught_up() {
    let suite = tokio::task::spawn_blocking(|| Instance::start(&[])).await.unwrap().unwrap();
    let client = suite.client();
    let district = people::all(&client).await.unwrap()[0].district_id.clone();
    let cast = Cast::find(&client, &district).await.unwrap();
    let id = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await.unwrap().success().unwrap();
    let pool = audit::open(&suite.database_url().unwrap()).await.unwrap();
    let due = sqlx::query(
        "update tickets.ticket t set claim_by = d.at, due_at = d.at,
             timers = jsonb_build_array(jsonb_build_object('kind', 'CLAIM', 'due_at', d.at, 'base_at', d.at, 'fired', 0))
         from (select now() + interval '5 milliseconds' as at) d where ticket_id = $1",
    );
    suite.kill("tickets").unwrap();
    due.bind(id).execute(&pool).await.unwrap();
    let path = format!("/v1/tickets/{id}");
    let moved = async || {
        let ticket = cast.as_courier.get(&path).await?.success()?;
        Ok((ticket["state"] == "COORDINATION").then_some(ticket))
    };
    let ticket = retry::until("the ticket is in coordination", Duration::from_secs(10), moved).await.unwrap();
    assert_eq!(ticket["coordination_reason"], "UNCLAIMED");
    let late: f64 = sqlx::query_scalar(
        "select extract(epoch from e.at - t.claim_by)::float8 from tickets.event e join tickets.ticket t using (district_id, ticket_id)
         where e.ticket_id = $1 and e.transition = 'T3'",
    )
    .bind(id)
    .fetch_one(&pool)
    .await
    .unwrap();
    println!("{late:.3} s after its deadline, the restart included");
    assert!((0.0..5.0).contains(&late), "{late} s");
    let claimed =
        cast.as_liaison.post(&format!("{path}:claim"), &serde_json::json!({})).await.unwrap().success().unwrap();
    assert_eq!(
        (claimed["state"].as_str(), claimed["claimed_late"].as_bool()),
        (Some("CLAIMED"), Some(true)),
        "late, and said so"
    );
    tokio::task::spawn_blocking(|| drop(suite)).await.unwrap();
}
