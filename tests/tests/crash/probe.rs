//! Whether everything serves.
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hemei_tests::{Client, people, retry, tickets, tickets::Cast};
use serde_json::json;
use uuid::Uuid;

/// Everything serves again this soon after a kill.
const RECOVERY: Duration = Duration::from_secs(10);

/// People who call into every service.
#[derive(Clone)]
pub struct Probe {
    pub cast: Cast,
    pub manager: Client,
    pub fund: String,
}

impl Probe {
    pub async fn prepare(client: &Client) -> Result<Self> {
        let people = people::all(client).await?;
        let cast = Cast::find(client, &people[0].district_id).await?;
        let manager = people.iter().find(|person| person.role == "property_manager").context("a property manager")?;
        let fund = format!("/v1/funds/{}", manager.place_id);
        Ok(Self { cast, manager: people::sign_in(client, manager).await?, fund })
    }

    /// One call into every service, until all succeed; answers how long that took.
    pub async fn serving(&self, client: &Client) -> Result<Duration> {
        let begun = Instant::now();
        let left = || RECOVERY.saturating_sub(begun.elapsed());
        let ask = async |who: &Client, path: &str| -> Result<()> {
            let ask = async || Ok(who.get(path).await?.status.is_success().then_some(()));
            retry::until(path, left(), ask).await
        };
        let courier = &self.cast.as_courier;
        ask(courier, "/v1/me").await?;
        ask(courier, "/v1/tickets?mine=true&page_size=1").await?;
        ask(courier, "/v1/points").await?;
        ask(&self.manager, &self.fund).await?;
        retry::post(client, "/v1/session-codes", &json!({"phone": "19955559999"}), left()).await?.success()?;
        let body = tickets::report(Uuid::now_v7(), &self.cast.courier);
        retry::post(courier, "/v1/tickets", &body, left()).await?.success()?;
        Ok(begun.elapsed())
    }
}
