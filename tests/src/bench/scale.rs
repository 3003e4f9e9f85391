//! The same load with many stored tickets, the sweeper, and a queue's page among them.
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hemei_tests::tickets::Cast;
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

/// Unclaimed tickets whose time is over.
const OVERDUE: &str = "insert into tickets.ticket (district_id, ticket_id, number_prefix, version, state, level, priority, category_code,
        text, place_id, place_path, reporter_id, reporter_role, report_media, captured_at, received_at, claim_by, promised_by,
        resolve_minutes, after_photo, request_hash, last_transition, last_hash, held_by, entered_at, due_at, timers)
    select m.district_id, gen_random_uuid(), m.number_prefix, 1, 'POOL', m.level, m.priority, m.category_code, m.text, m.place_id,
        m.place_path, m.reporter_id, m.reporter_role, '{}', d.at, d.at, d.at, m.promised_by, m.resolve_minutes, false, m.request_hash, 'T1',
        m.last_hash, 'street:' || split_part(m.place_path, '.', 1) || '.' || split_part(m.place_path, '.', 2), d.at, d.at,
        jsonb_build_array(jsonb_build_object('kind', 'CLAIM', 'due_at', d.at, 'base_at', d.at, 'fired', 0))
    from (select * from tickets.ticket where district_id = $1 and department_id is not null limit 1) m
        cross join generate_series(1, $2::int) n cross join lateral (select now() - n * interval '1 millisecond' as at) d";

/// The lifecycle at 0, 100,000 and 1,000,000 stored tickets; then the sweeper and a queue's page.
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
    queue(cast).await?;
    sweeper(&pool, district).await
}

async fn queue(cast: &Cast) -> Result<()> {
    let mut took = Vec::new();
    for _ in 0..200 {
        let asked = Instant::now();
        let page = cast.as_liaison.get("/v1/queue?page_size=50").await?;
        ensure!(page.status.is_success(), "a queue answers");
        took.push(asked.elapsed());
    }
    took.sort_unstable();
    println!("a queue's page of 50 at a million tickets: p95 {:.1} ms", took[190].as_secs_f64() * 1000.0);
    Ok(())
}

async fn sweeper(pool: &PgPool, district: Uuid) -> Result<()> {
    const MANY: i32 = 50_000;
    let moved = || {
        let count = "select count(*) from tickets.ticket where district_id = $1 and state = 'POOL' and due_at < now()";
        sqlx::query_scalar::<_, i64>(count).bind(district).fetch_one(pool)
    };
    sqlx::query(OVERDUE).bind(district).bind(MANY).execute(pool).await?;
    let begun = Instant::now();
    while moved().await? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(180), "the sweeper is late");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let rate = f64::from(MANY) / begun.elapsed().as_secs_f64();
    println!("{MANY} overdue tickets at once: {rate:.0} escalated a second");
    Ok(())
}
