//! The points ledger beside a ledger of plpgsql transfers and beside raw SQL of the same effect, on the same server.
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hemei_tests::{Client, people, tickets::Cast};
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

const MEMBERS: i64 = 10_000;
const CONNECTIONS: u32 = 16;
const MEASURED: Duration = Duration::from_secs(6);

/// A ledger as pgledger has it: one function a transfer, both accounts locked, a transfer and two entries.
const PLPGSQL: &str = "
drop schema if exists bench cascade;
create schema bench;
create table bench.account (id bigint primary key, balance bigint not null default 0, version bigint not null default 0);
create table bench.transfer (id bigint generated always as identity primary key, from_id bigint not null, to_id bigint not null,
    amount bigint not null, at timestamptz not null default now());
create table bench.entry (id bigint generated always as identity primary key, account_id bigint not null, transfer_id bigint not null,
    amount bigint not null, previous_balance bigint not null, current_balance bigint not null, account_version bigint not null);
create index on bench.entry (account_id);
create index on bench.entry (transfer_id);
create function bench.post(source bigint, target bigint, points bigint) returns bigint language plpgsql as $$
declare
    transfer bigint;
    a bench.account;
    b bench.account;
begin
    perform 1 from bench.account where id in (source, target) order by id for update;
    insert into bench.transfer (from_id, to_id, amount) values (source, target, points) returning id into transfer;
    update bench.account set balance = balance - points, version = version + 1 where id = source returning * into a;
    update bench.account set balance = balance + points, version = version + 1 where id = target returning * into b;
    insert into bench.entry (account_id, transfer_id, amount, previous_balance, current_balance, account_version)
    values (source, transfer, -points, a.balance + points, a.balance, a.version),
        (target, transfer, points, b.balance - points, b.balance, b.version);
    return transfer;
end $$;
insert into bench.account (id) select n from generate_series(0, 20001) n;
";

/// The ways a posting is made; $1 is the district, $2 the member's number, $3 the points.
const RANDOM: &str =
    "select incentives.post(array[row($1, md5($2::text)::uuid, 'AWARD', $3, 'BUDGET', 'PENDING', '', null, null,
    gen_random_uuid()::text, now(), null, null, null, null)::incentives.posting])::text";
const WITH_LOTS: &str =
    "select incentives.post(array[row($1, md5($2::text)::uuid, 'GRANT', $3, 'BUDGET', 'AVAILABLE', '', null, null,
    gen_random_uuid()::text, now(), null, null, now() + interval '1 year', null)::incentives.posting])::text";
const BATCH: &str = "select incentives.post(array_agg(row($1, md5((($2 + n * 97) % 10000)::text)::uuid, 'AWARD', $3, 'BUDGET', 'PENDING',
    '', null, null, gen_random_uuid()::text, now(), null, null, null, null)::incentives.posting))::text from generate_series(1, 100) n";
const RAW: &str = "with moved as (
        update incentives.account set posted = posted + $3, version = version + 1
        where district_id = $1 and owner_id = md5($2::text)::uuid and purpose = 'PENDING' returning *)
    insert into incentives.transfer (district_id, person_id, kind, amount, debit_owner_id, debit_purpose, credit_owner_id,
        credit_purpose, credit_balance_after, credit_version, text, request_key, at)
    select district_id, owner_id, 'AWARD', $3, district_id, 'BUDGET', owner_id, 'PENDING', posted, version, '',
        gen_random_uuid()::text, now() from moved returning transfer_id::text";
const PLPGSQL_OWN: &str = "select bench.post($2 + 10000, $2, $3)::text where $1::uuid is not null";
const PLPGSQL_ONE: &str = "select bench.post(20001, $2, $3)::text where $1::uuid is not null";

/// Prints postings and redemptions a second.
pub async fn run(url: &str, cast: &Cast, client: &Client) -> Result<()> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).min_connections(CONNECTIONS).connect(url).await?;
    sqlx::raw_sql(PLPGSQL).execute(&pool).await.context("the plpgsql ledger")?;
    let district = Uuid::now_v7();
    // every member has an account before anything is measured
    sqlx::query("insert into incentives.account (district_id, owner_id, purpose)
        select $1, md5(n::text)::uuid, p from generate_series(0, 9999) n cross join unnest(array['PENDING', 'AVAILABLE']) p")
        .bind(district)
        .execute(&pool)
        .await?;
    println!("\npostings a second over {MEMBERS} members, {CONNECTIONS} connections, one a commit");
    let plpgsql = posted(&pool, PLPGSQL_OWN, district, None).await?;
    println!("{:56} {plpgsql:>9.0}", "plpgsql ledger, each member its own budget");
    let rows: [(&str, &'static str, Option<i64>, f64); 6] = [
        ("plpgsql ledger, all from one budget", PLPGSQL_ONE, None, 1.0),
        ("raw SQL of the same effect", RAW, None, 1.0),
        ("points ledger, all from one district's budget", RANDOM, None, 1.0),
        ("points ledger, one hot member", RANDOM, Some(7), 1.0),
        ("points ledger, with lots", WITH_LOTS, None, 1.0),
        ("points ledger, batches of 100", BATCH, None, 100.0),
    ];
    for (name, statement, member, each) in rows {
        let many = posted(&pool, statement, district, member).await? * each;
        println!("{name:56} {many:>9.0} {:>7.2}× the plpgsql ledger", many / plpgsql);
    }
    sqlx::raw_sql("drop schema bench cascade").execute(&pool).await?;
    redeemed(&pool, cast, client).await
}

/// Statements a second; of one member, or of members by chance.
async fn posted(pool: &PgPool, statement: &'static str, district: Uuid, member: Option<i64>) -> Result<f64> {
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let pool = pool.clone();
        workers.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < MEASURED {
                let member = member.unwrap_or_else(|| rand::random_range(0..MEMBERS));
                let query = sqlx::query(statement).bind(district).bind(member).bind(1_i64);
                query.execute(&pool).await?;
                done += 1;
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
        "update incentives.prize set stock = stock + 1000000, supplied = supplied + 1000000, points = 1, per_person_month = 0
         where (district_id, prize_id) = (select district_id, prize_id from incentives.prize where district_id = $1 and active and kind = 'GOODS' limit 1)
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
