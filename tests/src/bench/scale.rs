//! The same load with many stored tickets, what is read often, and the sweeper.
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hemei_tests::tickets::{self, Cast};
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::{MEASURED, load};

/// Closed tickets with their whole history, spread over a year, over all compounds and reporters of the district.
const FILL: &str = "with model as (
        select * from tickets.ticket where district_id = $1 and department_id is not null and handler_id is not null limit 1
    ), place as (
        select array_agg(place_id) as ids, array_agg(path) as paths, count(*)::int as many from tickets.place where district_id = $1 and level = 4
    ), person as (
        select array_agg(person_id) as ids, count(*)::int as many from tickets.person where district_id = $1
    ), made as (
        insert into tickets.ticket (district_id, ticket_id, number_prefix, version, state, level, priority, category_code, text,
            place_id, place_path, lng, lat, crs, gcj_lng, gcj_lat, reporter_id, reporter_role, report_media, captured_at, received_at,
            claim_by, promised_by, clock, resolve_minutes, after_photo, claimed_by, claimed_at, department_id, dispatched_at, resolve_by,
            handler_id, accepted_at, resolved_at, resolution_text, satisfied, solved, closed_at, outcome, solved_level, request_hash,
            last_transition, last_hash, entered_at)
        select m.district_id, gen_random_uuid(), m.number_prefix, 6, 'CLOSED', m.level, m.priority, m.category_code, m.text,
            p.ids[1 + n % p.many], p.paths[1 + n % p.many], m.lng, m.lat, m.crs, m.gcj_lng, m.gcj_lat, r.ids[1 + n % r.many], 'courier', '{}',
            d.at, d.at, d.at + interval '30 minutes', d.at + interval '49 hours', m.clock, m.resolve_minutes, false, m.claimed_by,
            d.at + interval '9 minutes', m.department_id, d.at + interval '12 minutes', d.at + interval '2 days', m.handler_id,
            d.at + interval '1 hour', d.at + interval '20 hours', '已清理', true, true, d.at + interval '1 day', 'SATISFIED', 2, m.request_hash,
            'T19', m.last_hash, d.at + interval '1 day'
        from generate_series(1, $2::int) n cross join model m cross join place p cross join person r
            cross join lateral (select now() - make_interval(secs => 172800 + (n::bigint * 7919) % 31000000) as at) d
        returning district_id, ticket_id, received_at, reporter_id
    )
    insert into tickets.event (district_id, ticket_id, sequence, transition, from_state, to_state, at, actor_id, actor_role, timer, text, facts)
    select district_id, ticket_id, e.sequence, e.transition, e.from_state, e.to_state, received_at + e.sequence * interval '1 hour', reporter_id,
        'courier', '', '', '{}'
    from made cross join (values (1, 'T1', '', 'POOL'), (2, 'T2', 'POOL', 'CLAIMED'), (3, 'T6', 'CLAIMED', 'DISPATCHED'),
        (4, 'T9', 'DISPATCHED', 'IN_PROGRESS'), (5, 'T14', 'IN_PROGRESS', 'FEEDBACK'), (6, 'T19', 'FEEDBACK', 'CLOSED')
    ) as e (sequence, transition, from_state, to_state)";

/// Unclaimed tickets all over the district, one due every so many seconds from now on, before it where that is negative.
const UNCLAIMED: &str = "with place as (
        select array_agg(place_id) as ids, array_agg(path) as paths, count(*)::int as many from tickets.place where district_id = $1 and level = 4
    )
    insert into tickets.ticket (district_id, ticket_id, number_prefix, version, state, level, priority, category_code,
        text, place_id, place_path, lng, lat, crs, gcj_lng, gcj_lat, reporter_id, reporter_role, report_media, captured_at, received_at,
        claim_by, promised_by, resolve_minutes, after_photo, request_hash, last_transition, last_hash, held_by, entered_at, due_at, timers)
    select m.district_id, gen_random_uuid(), m.number_prefix, 1, 'POOL', m.level, m.priority, m.category_code, m.text, p.ids[1 + n % p.many],
        d.path, m.lng + d.east, m.lat + d.north, m.crs, m.gcj_lng + d.east, m.gcj_lat + d.north, m.reporter_id, m.reporter_role, '{}',
        least(d.at, now()), least(d.at, now()), d.at, m.promised_by, m.resolve_minutes, false, m.request_hash, 'T1', m.last_hash,
        'street:' || split_part(d.path, '.', 1) || '.' || split_part(d.path, '.', 2), least(d.at, now()), d.at,
        jsonb_build_array(jsonb_build_object('kind', 'CLAIM', 'due_at', d.at, 'base_at', d.at, 'fired', 0))
    from (select * from tickets.ticket where district_id = $1 and department_id is not null and gcj_lng is not null limit 1) m
        cross join place p cross join generate_series(1, $2::int) n
        cross join lateral (select now() + make_interval(secs => n * $3::float8) as at, p.paths[1 + n % p.many] as path,
            (random() - 0.5) * 0.1 as east, (random() - 0.5) * 0.1 as north) d";

/// What is open besides, when queues and places are read.
const OPEN: i32 = 100_000;

/// The lifecycle at 0, 100,000 and 1,000,000 stored tickets; then what is read often, and the sweeper.
pub async fn run(url: &str, cast: &Cast) -> Result<()> {
    let pool = PgPoolOptions::new().max_connections(2).connect(url).await?;
    let district: Uuid = cast.courier.district_id.parse()?;
    let mut first = None;
    let mut stored = 0;
    for aim in [0, 100_000, 1_000_000] {
        while stored < aim {
            let some = 50_000.min(aim - stored);
            sqlx::query(FILL).bind(district).bind(some).execute(&pool).await?;
            stored += some;
        }
        sqlx::query("vacuum (analyze) tickets.ticket, tickets.event").execute(&pool).await?;
        load::run(cast, 16, Duration::from_secs(3)).await?;
        let figures = load::run(cast, 16, MEASURED).await?;
        figures.print(&format!("with {stored} tickets stored"), 16);
        let rate = figures.lifecycles_per_second();
        println!(
            "{:34} {:>6} {:>13.1}%",
            "loss against an empty start",
            16,
            100.0 * (1.0 - rate / *first.get_or_insert(rate))
        );
    }
    sqlx::query(UNCLAIMED).bind(district).bind(OPEN).bind(86_400.0 / f64::from(OPEN)).execute(&pool).await?;
    sqlx::query("vacuum (analyze) tickets.ticket").execute(&pool).await?;
    println!("and {OPEN} open ones all over the district");
    reads(cast).await?;
    lateness(&pool, district, cast).await?;
    sweeper(&pool, district).await
}

/// A queue's page, what lies near a point, and the likely duplicates of a ticket.
async fn reads(cast: &Cast) -> Result<()> {
    let id = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await?.success()?;
    let at = &cast.courier.location;
    let near = format!("/v1/tickets:similar?category_code=10001&lng={}&lat={}&crs={}", at.lng, at.lat, at.crs);
    let asked = [
        ("a queue's page of 50", "/v1/queue?page_size=50".to_owned()),
        ("open tickets near a point", near),
        ("likely duplicates of a ticket", format!("/v1/tickets/{id}/duplicates")),
    ];
    for (what, path) in asked {
        let mut took = Vec::new();
        for _ in 0..200 {
            let asked = Instant::now();
            cast.as_liaison.get(&path).await?.success()?;
            took.push(asked.elapsed());
        }
        took.sort_unstable();
        println!("{what} at a million tickets: p95 {:.1} ms", took[190].as_secs_f64() * 1000.0);
    }
    Ok(())
}

/// How late deadlines fire while the load runs.
async fn lateness(pool: &PgPool, district: Uuid, cast: &Cast) -> Result<()> {
    const MANY: i32 = 1_000;
    let before: i64 =
        sqlx::query_scalar("select coalesce(max(event_id), 0) from tickets.outbox").fetch_one(pool).await?;
    sqlx::query(UNCLAIMED).bind(district).bind(MANY).bind(0.01).execute(pool).await?;
    load::run(cast, 16, MEASURED).await?;
    let late: Vec<f64> = sqlx::query_scalar(
        "select extract(epoch from e.at - t.claim_by)::float8 from tickets.outbox o
        join tickets.ticket t on t.district_id = o.district_id and t.ticket_id = o.subject_id
        join tickets.event e on e.district_id = t.district_id and e.ticket_id = t.ticket_id and e.transition = 'T3'
        where o.event_id > $1 and o.payload->>'transition' = 'T3' order by 1",
    )
    .bind(before)
    .fetch_all(pool)
    .await?;
    let at = |share: usize| late.get(late.len().saturating_sub(1) * share / 100).copied().unwrap_or(f64::NAN) * 1000.0;
    println!("deadlines under load: {} fired, p95 {:.0} ms late, the latest {:.0} ms", late.len(), at(95), at(100));
    Ok(())
}

async fn sweeper(pool: &PgPool, district: Uuid) -> Result<()> {
    const MANY: i32 = 50_000;
    let moved = || {
        let count = "select count(*) from tickets.ticket where district_id = $1 and state = 'POOL' and due_at < now()";
        sqlx::query_scalar::<_, i64>(count).bind(district).fetch_one(pool)
    };
    sqlx::query(UNCLAIMED).bind(district).bind(MANY).bind(-0.001).execute(pool).await?;
    let begun = Instant::now();
    while moved().await? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(180), "the sweeper is late");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let rate = f64::from(MANY) / begun.elapsed().as_secs_f64();
    println!("{MANY} overdue tickets at once: {rate:.0} escalated a second");
    Ok(())
}
