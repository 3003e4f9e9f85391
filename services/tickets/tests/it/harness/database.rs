//! A database of its own for each test, cloned from a migrated template.
use std::str::FromStr;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

pub struct Database {
    pub pool: PgPool,
    name: String,
}

fn server() -> PgConnectOptions {
    let url = std::env::var("HEMEI_TEST_DATABASE_URL").or_else(|_| std::env::var("DATABASE_URL"));
    PgConnectOptions::from_str(&url.expect("HEMEI_TEST_DATABASE_URL names a server")).unwrap()
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

/// The template of these migrations; made by whoever comes first.
async fn template() -> String {
    let sum: Vec<u8> = tickets::MIGRATOR.iter().flat_map(|migration| migration.checksum.to_vec()).collect();
    let sum = sum.iter().fold(0_u64, |hash, byte| hash.wrapping_mul(1_099_511_628_211) ^ u64::from(*byte));
    let name = format!("tickets_template_{sum:016x}");
    let mut admin = PgConnection::connect_with(&server()).await.unwrap();
    run(&mut admin, "select pg_advisory_lock(72001)".to_owned()).await;
    let found = sqlx::query("select from pg_database where datname = $1").bind(&name);
    if found.fetch_optional(&mut admin).await.unwrap().is_none() {
        let draft = format!("{name}_draft");
        run(&mut admin, format!("drop database if exists {draft} with (force)")).await;
        run(&mut admin, format!("create database {draft}")).await;
        let mut connection = PgConnection::connect_with(&server().database(&draft)).await.unwrap();
        tickets::MIGRATOR.run(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        run(&mut admin, format!("alter database {draft} rename to {name}")).await;
    }
    name
}

impl Database {
    pub async fn create() -> Self {
        let template = TEMPLATE.get_or_init(template).await;
        let name = format!("tickets_{}", Uuid::now_v7().simple());
        let mut admin = PgConnection::connect_with(&server()).await.unwrap();
        run(&mut admin, format!("create database {name} template {template}")).await;
        let options = server().database(&name).options([("TimeZone", "UTC")]);
        let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap();
        Self { pool, name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.name.clone();
        let drop_it = async move {
            if let Ok(mut admin) = PgConnection::connect_with(&server()).await {
                let statement = format!("drop database if exists {name} with (force)");
                let _ = sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await;
            }
        };
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(drop_it))
        })
        .join();
    }
}
