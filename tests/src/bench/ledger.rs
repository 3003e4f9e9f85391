//! The points ledger beside a ledger of plpgsql transfers and beside raw SQL of the same effect, on the same server.
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hemei_tests::{Client, people, tickets::Cast};
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

const MEMBERS: i64 = 10_000;
const CONNECTIONS: u32 = 16;
const MEASURED: Duration = Duration::from_secs(5);

/// A ledger as pgledger has it.
const PLPGSQL: &str = include_str!("plpgsql.sql");

/// A way to post: $1 is the district, $2 the member's number, $3 the points.
struct Way {
    name: &'static str,
    statement: &'static str,
    /// Postings of one statement.
    each: u32,
    /// All to one member.
    hot: bool,
}

const PLPGSQL_OWN: &str =
    "select count(*)::text from bench.transfer_one('b_' || md5($2::text), 'a_' || md5($2::text), $3)
    where $1::uuid is not null";
const PLPGSQL_ONE: &str = "select count(*)::text from bench.transfer_one('budget', 'a_' || md5($2::text), $3)
    where $1::uuid is not null";
const PLPGSQL_BATCH: &str = "select count(*)::text from bench.transfer_all((
        select array_agg(row('b_' || md5(m::text), 'a_' || md5(m::text), $3)::bench.request)
        from generate_series(1, 100) n cross join lateral (select ($2 + n * 97) % 10000 as m) member))
    where $1::uuid is not null";
const PLPGSQL_HOT_BATCH: &str = "select count(*)::text from bench.transfer_all((
        select array_agg(row('b_' || md5($2::text), 'a_' || md5($2::text), $3)::bench.request) from generate_series(1, 100) n))
    where $1::uuid is not null";
const RAW: &str = "with moved as (
        update incentives.account set posted = posted + $3, version = version + 1
        where district_id = $1 and owner_id = md5($2::text)::uuid and purpose = 'PENDING' returning *)
    insert into incentives.transfer (district_id, person_id, kind, amount, debit_owner_id, debit_purpose, credit_owner_id,
        credit_purpose, credit_balance_after, credit_version, text, request_key, at)
    select district_id, owner_id, 'AWARD', $3, district_id, 'BUDGET', owner_id, 'PENDING', posted, version, '',
        gen_random_uuid()::text, now() from moved returning transfer_id::text";
const OWN: &str =
    "select incentives.post(array[row(md5($1::text || $2::text)::uuid, md5($2::text)::uuid, 'AWARD', $3, 'BUDGET',
    'PENDING', '', null, null, gen_random_uuid()::text, now(), null, null, null, null)::incentives.posting])::text";
const ONE: &str =
    "select incentives.post(array[row($1, md5($2::text)::uuid, 'AWARD', $3, 'BUDGET', 'PENDING', '', null, null,
    gen_random_uuid()::text, now(), null, null, null, null)::incentives.posting])::text";
const WITH_LOTS: &str =
    "select incentives.post(array[row($1, md5($2::text)::uuid, 'GRANT', $3, 'BUDGET', 'AVAILABLE', '', null, null,
    gen_random_uuid()::text, now(), null, null, now() + interval '1 year', null)::incentives.posting])::text";
const BATCH: &str = "select incentives.post(array_agg(row($1, md5((($2 + n * 97) % 10000)::text)::uuid, 'AWARD', $3, 'BUDGET', 'PENDING',
    '', null, null, gen_random_uuid()::text, now(), null, null, null, null)::incentives.posting))::text from generate_series(1, 100) n";
const HOT_BATCH: &str =
    "select incentives.post(array_agg(row($1, md5($2::text)::uuid, 'AWARD', $3, 'BUDGET', 'PENDING', '', null, null,
    gen_random_uuid()::text, now(), null, null, null, null)::incentives.posting))::text from generate_series(1, 100) n";

/// Ways to reach the same; the others of a group are told beside its first.
const GROUPS: [&[Way]; 5] = [
    &[
        Way { name: "plpgsql, random members, each its own budget", statement: PLPGSQL_OWN, each: 1, hot: false },
        Way { name: "raw SQL of the same effect", statement: RAW, each: 1, hot: false },
        Way { name: "points, random members, each its own district", statement: OWN, each: 1, hot: false },
        Way { name: "points, random members, one district's budget", statement: ONE, each: 1, hot: false },
        Way { name: "the same with lots that expire", statement: WITH_LOTS, each: 1, hot: false },
    ],
    &[
        Way { name: "plpgsql, random members, one budget", statement: PLPGSQL_ONE, each: 1, hot: false },
        Way { name: "points, random members, one district's budget", statement: ONE, each: 1, hot: false },
    ],
    &[
        Way { name: "plpgsql, one hot member", statement: PLPGSQL_OWN, each: 1, hot: true },
        Way { name: "points, one hot member", statement: ONE, each: 1, hot: true },
    ],
    &[
        Way { name: "plpgsql, batches of 100, own budgets", statement: PLPGSQL_BATCH, each: 100, hot: false },
        Way { name: "points, batches of 100", statement: BATCH, each: 100, hot: false },
    ],
    &[
        Way { name: "plpgsql, batches of 100, one hot member", statement: PLPGSQL_HOT_BATCH, each: 100, hot: true },
        Way { name: "points, batches of 100, one hot member", statement: HOT_BATCH, each: 100, hot: true },
    ],
];

/// Prints postings and redemptions a second.
pub async fn run(url: &str, cast: &Cast, client: &Client) -> Result<()> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).min_connections(CONNECTIONS).connect(url).await?;
    sqlx::raw_sql(PLPGSQL).execute(&pool).await.context("the plpgsql ledger")?;
    let district = Uuid::now_v7();
    // every member has an account before anything is measured
    sqlx::query("insert into incentives.account (district_id, owner_id, purpose)
        select d, md5(n::text)::uuid, p from generate_series(0, 9999) n cross join unnest(array['PENDING', 'AVAILABLE']) p
            cross join lateral (values ($1), (md5($1::text || n::text)::uuid)) district (d)")
        .bind(district)
        .execute(&pool)
        .await?;
    println!("\npostings a second over {MEMBERS} members, {CONNECTIONS} connections, one statement a commit");
    for group in GROUPS {
        let mut first = None;
        for way in group {
            let rate = posted(&pool, way, district).await?;
            match first {
                None => println!("{:56} {rate:>9.0}", way.name),
                Some(first) => println!("{:56} {rate:>9.0} {:>7.2}× the first", way.name, rate / first),
            }
            first.get_or_insert(rate);
        }
    }
    sqlx::raw_sql("drop schema bench cascade").execute(&pool).await?;
    redeemed(&pool, cast, client).await
}

/// Postings a second.
async fn posted(pool: &PgPool, way: &'static Way, district: Uuid) -> Result<f64> {
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let pool = pool.clone();
        workers.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < MEASURED {
                let member = if way.hot { 7 } else { rand::random_range(0..MEMBERS) };
                let query = sqlx::query(way.statement).bind(district).bind(member).bind(1_i64);
                query.execute(&pool).await?;
                done += way.each;
            }
            anyhow::Ok(done)
        });
    }
    let mut all = 0;
    while let Some(done) = workers.join_next().await {
        all += done??;
    }
    Ok(f64::from(all) / begun.elapsed().as_secs_f64())
}

/// Redemptions a second of one popular prize through HTTP.
async fn redeemed(pool: &PgPool, cast: &Cast, client: &Client) -> Result<()> {
    let district: Uuid = cast.courier.district_id.parse()?;
    let prize: String = sqlx::query_scalar(
        "with lying as (
            update incentives.prize_point s set stock = s.stock + 1000000, supplied = s.supplied + 1000000
            from (select district_id, prize_id, pickup_place_id from incentives.prize where district_id = $1 and active and kind = 'GOODS' limit 1) p
            where s.district_id = p.district_id and s.prize_id = p.prize_id and s.place_id = p.pickup_place_id
            returning s.district_id, s.prize_id)
         update incentives.prize set stock = stock + 1000000, supplied = supplied + 1000000, points = 1, per_person_month = 0
         where (district_id, prize_id) in (select district_id, prize_id from lying)
         returning prize_id::text",
    )
    .bind(district)
    .fetch_one(pool)
    .await?;
    let people = people::all(client).await?;
    let admin = people.iter().find(|one| one.role == "district_admin" && one.district_id == cast.courier.district_id);
    let admin = people::sign_in(client, admin.context("a district admin")?).await?;
    let mut members = Vec::new();
    for person in
        people.iter().filter(|one| one.role == "courier" && one.district_id == cast.courier.district_id).take(16)
    {
        members.push((person.person_id.clone(), people::sign_in(client, person).await?));
    }
    let ids: Vec<&String> = members.iter().map(|(id, _)| id).collect();
    for _ in 0..20 {
        let body = json!({"activity_id": Uuid::now_v7(), "name": "bench", "points": 1000, "person_ids": ids});
        admin.post("/v1/points:grant", &body).await?.success()?;
    }
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for (_, member) in members {
        let prize = prize.clone();
        workers.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < MEASURED {
                let body = json!({"redemption_id": Uuid::now_v7(), "prize_id": prize, "quantity": 1});
                member.post("/v1/redemptions", &body).await?.success()?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut all = 0;
    while let Some(done) = workers.join_next().await {
        all += done??;
    }
    let many = f64::from(all) / begun.elapsed().as_secs_f64();
    println!("{:56} {many:>9.0}\n", "redemptions of one popular prize through HTTP");
    Ok(())
}
