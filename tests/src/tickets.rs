//! The people around one ticket and the steps they take.
use anyhow::{Context, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::Client,
    people::{self, Person},
};

/// A courier, the liaison of the street the courier stands in, and a handler of a department there.
#[derive(Clone)]
pub struct Cast {
    pub courier: Person,
    pub liaison: Person,
    pub handler: Person,
    pub as_courier: Client,
    pub as_liaison: Client,
    pub as_handler: Client,
}

impl Cast {
    /// Finds a cast in one district by asking the suite itself who is where.
    pub async fn find(client: &Client, district_id: &str) -> Result<Self> {
        let people = people::all(client).await?;
        let of = |role: &str| {
            people
                .iter()
                .filter(move |person| person.role == role && person.district_id == district_id)
                .cloned()
                .collect::<Vec<_>>()
        };
        let handler = of("department_handler").into_iter().next().context("a handler")?;
        let liaison = of("liaison").into_iter().next().context("a liaison")?;
        let mut courier = of("courier").into_iter().next().context("a courier")?;
        // Reports are made where the liaison is: inside the liaison's street.
        courier.location = liaison.location.clone();
        let as_courier = people::sign_in(client, &courier).await?;
        let as_liaison = people::sign_in(client, &liaison).await?;
        let as_handler = people::sign_in(client, &handler).await?;
        Ok(Self { courier, liaison, handler, as_courier, as_liaison, as_handler })
    }

    pub fn department(&self) -> &str {
        self.handler.department_id.as_deref().unwrap_or_default()
    }
}

/// A body for `POST /v1/tickets` at the courier's point.
pub fn report(ticket_id: Uuid, person: &Person) -> Value {
    json!({
        "ticket_id": ticket_id, "category_code": "10001", "text": "单元门口台阶结冰，老人进出危险",
        "location": person.location.json(), "media_ids": [],
    })
}

/// The steps after the report, as path suffix and body, by who takes them.
pub fn steps(department_id: &str) -> [(&'static str, Value); 5] {
    [
        ("claim", json!({})),
        ("dispatch", json!({"department_id": department_id})),
        ("accept", json!({})),
        ("resolve", json!({"text": "已撒融雪剂并清理完毕"})),
        ("rate", json!({"satisfied": true, "comment": "很快"})),
    ]
}

/// The client that takes a step.
pub fn actor<'c>(cast: &'c Cast, step: &str) -> &'c Client {
    match step {
        "claim" | "dispatch" => &cast.as_liaison,
        "accept" | "resolve" => &cast.as_handler,
        _ => &cast.as_courier,
    }
}

/// Takes a ticket through its whole life and answers its last body.
pub async fn lifecycle(cast: &Cast) -> Result<Value> {
    let ticket_id = Uuid::now_v7();
    let mut last = cast.as_courier.post("/v1/tickets", &report(ticket_id, &cast.courier)).await?.success()?;
    for (step, body) in steps(cast.department()) {
        let path = format!("/v1/tickets/{ticket_id}:{step}");
        last = actor(cast, step).post(&path, &body).await?.success().with_context(|| step.to_owned())?;
    }
    Ok(last)
}
