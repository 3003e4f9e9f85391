//! Filling a district from tables: set-based, each row valid by itself or reported with what is wrong and what is allowed.
//! Rows may be given again: what is already there is left or brought up to date, never doubled.
mod departments;
mod people;
mod places;
mod posts;

use chassis::{clock::Clock, faults::Fault, vault::Vault};
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::{
    person,
    store::{self, audit::Deed},
};

pub use departments::{DepartmentRow, departments};
pub use people::{PersonRow, people};
pub use places::{PlaceRow, places};
pub use posts::{PostRow, posts};

/// Rows of one transaction: all of them or none.
pub const CHUNK: usize = 10_000;

/// Where rows go.
#[derive(Clone)]
pub struct Target<'a> {
    pub pool: &'a PgPool,
    pub vault: &'a Vault,
    pub clock: &'a Clock,
    pub district_id: Uuid,
}

/// What is wrong with a row, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    pub line: usize,
    /// The column.
    pub field: &'static str,
    pub zh: String,
    pub en: String,
}

impl RowError {
    fn new(line: usize, field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { line, field, zh: zh.into(), en: en.into() }
    }
}

/// One import at a time in a district, so that none adds what another adds just then. Long imports may take their time.
async fn begin(target: &Target<'_>) -> sqlx::Result<Transaction<'static, Postgres>> {
    let mut transaction = chassis::db::begin(target.pool).await?;
    sqlx::query!("select set_config('statement_timeout', '60s', true)").fetch_one(&mut *transaction).await?;
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::uuid::text, 20))", target.district_id)
        .fetch_one(&mut *transaction)
        .await?;
    Ok(transaction)
}

async fn note(
    connection: &mut PgConnection,
    district_id: Uuid,
    action: &str,
    rows: usize,
    at: DateTime<Utc>,
) -> Result<(), Fault> {
    let deed = Deed { district_id, actor: None, action, subject_id: district_id, detail: json!({ "rows": rows }) };
    Ok(store::audit::note(connection, deed, at).await?)
}

fn checked_name(line: usize, text: &str) -> Result<String, RowError> {
    let zh = "名称须为 1 到 40 个字，不含控制字符";
    person::name(text).ok_or_else(|| RowError::new(line, "name", zh, format!("the name {}", person::NAME)))
}
