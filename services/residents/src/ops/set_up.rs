use chassis::{
    clock::Clock,
    faults::Fault,
    token::{hash_secret, new_secret},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    Residents,
    district::District,
    error::Error,
    person,
    phone::Phone,
    store::{self, audit::Deed, post::Columns},
};

/// How long the link for the first administrator is good.
const VALID: TimeDelta = TimeDelta::minutes(30);

/// A new token for the first administrator, good once within 30 minutes; none where somebody administers a district today.
pub async fn setup_token(pool: &PgPool, clock: &Clock) -> Result<Option<String>, Fault> {
    if store::setup::has_administrator(pool, clock.today()).await? {
        return Ok(None);
    }
    let (token, now) = (new_secret(), clock.now());
    store::setup::add_token(pool, &hash_secret(&token), now, now + VALID).await?;
    Ok(Some(token))
}

/// The first district and its administrator.
#[derive(Clone, Debug)]
pub struct SetUp {
    pub token: String,
    pub district_name: String,
    pub district_code: String,
    pub name: String,
    pub phone: String,
}

/// What was set up.
pub struct Installed {
    pub district_id: Uuid,
    pub person_id: Uuid,
    pub created_at: DateTime<Utc>,
}

/// Creates the district, its root place and its administrator, all or nothing.
pub async fn set_up(residents: &Residents, asked: SetUp) -> Result<Installed, Error> {
    let wrong = |field| Error::field(field, person::NAME);
    let district_name = person::name(&asked.district_name).ok_or_else(|| wrong("district_name"))?;
    let name = person::name(&asked.name).ok_or_else(|| wrong("name"))?;
    let code = asked.district_code.trim().to_owned();
    if !is_code(&code) {
        return Err(Error::field("district_code", "must be 1 to 12 of a-z and 0-9"));
    }
    let phone = Phone::parse(&asked.phone)?;
    let (now, today) = (residents.clock.now(), residents.clock.today());
    let mut transaction = chassis::db::begin(&residents.pool).await?;
    if !store::setup::use_token(&mut transaction, &hash_secret(asked.token.trim()), now, today).await? {
        return Err(Error::SetupTokenInvalid);
    }
    let (district_id, root_place_id) = (Uuid::now_v7(), Uuid::now_v7());
    let district = District { district_id, code, name: district_name, root_place_id };
    let added = store::district::add(&mut transaction, &district, now).await;
    added.map_err(|error| match chassis::faults::broken_constraint(&error) {
        Some("district_code_unique") => Error::field("district_code", "is the code of another district"),
        _ => error.into(),
    })?;
    let person_id = store::person::ensure(&mut transaction, &residents.vault, &phone, &name, now).await?;
    store::person::join_district(&mut transaction, district_id, &[person_id], now).await?;
    let post = administrator(person_id, root_place_id, today);
    store::post::add_all(&mut transaction, district_id, &post, now).await?;
    let deed =
        Deed { district_id, actor: Some(person_id), action: "set_up", subject_id: district_id, detail: json!({}) };
    store::audit::note(&mut transaction, deed, now).await?;
    transaction.commit().await?;
    residents.waker.wake();
    Ok(Installed { district_id, person_id, created_at: now })
}

/// The short codes that paths are made of.
pub fn is_code(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn administrator(person_id: Uuid, place_id: Uuid, today: chrono::NaiveDate) -> Columns {
    Columns {
        ids: vec![Uuid::now_v7()],
        persons: vec![person_id],
        roles: vec!["district_admin".to_owned()],
        places: vec![place_id],
        departments: vec![None],
        from: vec![today],
        until: vec![None],
        hashes: vec![None],
    }
}
