//! A database of its own for each test, cloned from a migrated template.
use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
    thread,
};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::runtime;
use uuid::Uuid;

/// The database of one test: it is gone when this is dropped.
pub struct Database {
    pub pool: PgPool,
    name: String,
}

impl Database {
    /// A database with these migrations and what the SQL in `also` adds to them.
    pub async fn create(service: &str, migrator: Option<&Migrator>, also: &'static str) -> Self {
        let mut admin = PgConnection::connect_with(&server()).await.expect("the server of HEMEI_TEST_DATABASE_URL");
        let template = template(&mut admin, service, migrator, also).await;
        let name = format!("test_{service}_{}", Uuid::now_v7().simple());
        run(&mut admin, format!("create database {name} template {template}")).await;
        admin.close().await.unwrap();
        let options = server().database(&name).options([("TimeZone", "UTC")]);
        let pool = PgPoolOptions::new().max_connections(12).connect_with(options).await.unwrap();
        Self { pool, name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("drop database if exists {} with (force)", self.name);
        // A thread of its own, for the runtime of the test may not block; what fails here leaves a database and no more.
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect_with(&server()).await?;
                sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await?;
                admin.close().await
            })
        });
        let _ = dropping.join();
    }
}

/// The address of the Redis of the tests.
pub fn redis_url() -> String {
    address("HEMEI_TEST_REDIS_URL")
}

fn server() -> PgConnectOptions {
    PgConnectOptions::from_str(&address("HEMEI_TEST_DATABASE_URL")).expect("HEMEI_TEST_DATABASE_URL is an address")
}

fn address(variable: &str) -> String {
    env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test`"))
}

/// The name of the template, which whoever comes first makes under another name and then renames.
async fn template(admin: &mut PgConnection, service: &str, migrator: Option<&Migrator>, also: &'static str) -> String {
    let mut sum = DefaultHasher::new();
    migrator.into_iter().flat_map(Migrator::iter).for_each(|migration| migration.checksum.hash(&mut sum));
    also.hash(&mut sum);
    let name = format!("template_{service}_{:016x}", sum.finish());
    run(admin, "select pg_advisory_lock(72001)".to_owned()).await;
    let found = sqlx::query("select from pg_database where datname = $1").bind(&name);
    if found.fetch_optional(&mut *admin).await.unwrap().is_none() {
        let draft = format!("{name}_draft");
        run(admin, format!("drop database if exists {draft} with (force)")).await;
        run(admin, format!("create database {draft}")).await;
        let mut connection = PgConnection::connect_with(&server().database(&draft)).await.unwrap();
        if let Some(migrator) = migrator {
            migrator.run(&mut connection).await.unwrap();
        }
        sqlx::raw_sql(also).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        run(admin, format!("alter database {draft} rename to {name}")).await;
    }
    run(admin, "select pg_advisory_unlock(72001)".to_owned()).await;
    name
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}
