//! Demo people and how they sign in.
use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;

/// The roles as they stand on the wire.
pub type Role = &'static str;
/// All of them.
pub const ROLES: [Role; 10] = [
    "courier",
    "resident",
    "home_observer",
    "community_worker",
    "liaison",
    "department_handler",
    "coordinator",
    "property_manager",
    "district_admin",
    "auditor",
];

/// A row of `/sandbox/people.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Person {
    pub person_id: String,
    pub name: String,
    pub role: String,
    pub place_name: String,
    pub place_id: String,
    pub phone: String,
    pub department_id: Option<String>,
    pub location: Point,
    pub district_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Point {
    pub lng: f64,
    pub lat: f64,
    pub crs: String,
}

impl Point {
    /// As a report carries it.
    pub fn json(&self) -> Value {
        json!({"lng": self.lng, "lat": self.lat, "crs": self.crs, "accuracy_m": 20})
    }
}

/// The demo people, of every role and district.
pub async fn all(client: &Client) -> Result<Vec<Person>> {
    let answer = client.get("/sandbox/people.json?per_role=40").await?.success()?;
    Ok(serde_json::from_value(answer["people"].clone())?)
}

/// Couriers whom no other test works with: all but the first of each district.
pub fn quiet_couriers(people: &[Person]) -> impl Iterator<Item = &Person> {
    let couriers = people.iter().filter(|person| person.role == "courier");
    couriers
        .scan(String::new(), |district, courier| {
            let first = *district != courier.district_id;
            district.clone_from(&courier.district_id);
            Some((!first).then_some(courier))
        })
        .flatten()
}

static SIGNING_IN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
static TOKENS: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);

/// A client with the person's token; each person signs in once per test binary.
pub async fn sign_in(client: &Client, person: &Person) -> Result<Client> {
    let key = format!("{} {}", person.phone, person.district_id);
    // a second code would make the first one void
    let _one_at_a_time = SIGNING_IN.lock().await;
    let known = TOKENS.lock().expect("tokens").get(&key).cloned();
    if let Some(token) = known {
        return Ok(client.with_token(&token));
    }
    let session = session(client, &person.phone, Some(&person.district_id)).await?;
    let token = session["access_token"].as_str().context("access_token")?.to_owned();
    TOKENS.lock().expect("tokens").insert(key, token.clone());
    Ok(client.with_token(&token))
}

/// Signs a phone in with the code that the sandbox shows.
pub async fn session(client: &Client, phone: &str, district_id: Option<&str>) -> Result<Value> {
    client.post("/v1/session-codes", &json!({"phone": phone})).await?.success()?;
    let code = code(client, phone).await?;
    let mut body = json!({"phone": phone, "code": code});
    if let Some(district_id) = district_id {
        body["district_id"] = district_id.into();
    }
    client.post("/v1/sessions", &body).await?.success()
}

/// The newest code that was sent to a phone.
pub async fn code(client: &Client, phone: &str) -> Result<String> {
    for _ in 0..100 {
        let messages = client.get("/sandbox/messages.json").await?.success()?;
        let messages = messages["messages"].as_array().cloned().unwrap_or_default();
        let newest = messages.iter().find(|message| message["to"] == phone && message["code"].is_string());
        if let Some(code) = newest.and_then(|message| message["code"].as_str()) {
            return Ok(code.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("no code arrived for a phone")
}
