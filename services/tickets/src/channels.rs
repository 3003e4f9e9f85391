//! Groups of the three tiers: which of them hears a change, and in which words.
pub mod message;
mod reminders;
mod robots;
mod sender;

use std::sync::Arc;

use chassis::{faults::Fault, vault::Vault};
use chrono::{DateTime, Utc};
use proto::tickets::v1::ticket::Priority;
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::{
    reminders::remind,
    robots::{Outcome, Robots},
    sender::Sender,
};
use crate::{
    Tickets,
    audience::holder,
    followers::{Said, Told},
    notices::filling,
    store::{
        self,
        channel::{Heard, Place},
        notice::Facts,
    },
    terms::DistrictTerms,
    wording::Audience,
};

/// What the groups' side is set to.
#[derive(Clone, Debug, Deserialize)]
pub struct ChannelSettings {
    /// Where robots are reached.
    pub wecom_address: String,
    /// How long before a deadline whoever holds the ticket is reminded, but not before half of the time has gone: the second before
    /// work or a check is due, the first before everything else.
    pub remind_claim_minutes: i64,
    pub remind_resolve_minutes: i64,
}

/// What the operations on groups work with.
pub struct Channels {
    pub tickets: Arc<Tickets>,
    pub vault: Vault,
}

/// What a secret of a channel is sealed for.
pub fn sealed_for(what: &str, district: Uuid, channel: Uuid) -> String {
    format!("tickets.channel.{what} {district} {channel}")
}

/// Writes what these changes say for every group that hears them.
pub async fn keep(tickets: &Tickets, connection: &mut PgConnection, said: &[Said<'_>]) -> Result<(), Fault> {
    let heard: Vec<Heard> = said.iter().flat_map(|said| lines(tickets, said.told, said.facts)).collect();
    Ok(store::channel::write(connection, &heard).await?)
}

fn lines(tickets: &Tickets, told: &Told, facts: &Facts) -> Vec<Heard> {
    let terms = tickets.terms.of(told.district_id);
    let filling = filling(tickets, &told.changed, (told.district_id, told.at), facts);
    let emergency = told.changed.transition == "T1" && told.changed.priority() == Priority::P0;
    let mut heard = Vec::new();
    for wording in terms.wordings.of(&told.changed.transition) {
        let [_, text] = filling.heard(&wording.words);
        if text.is_empty() {
            continue;
        }
        let groups = wording.tiers(facts.escalation_step).flat_map(|tier| groups(tier, wording.audience, told));
        for (tier, place) in groups {
            let there = if tier == "SUBDISTRICT" { on_duty(&terms, &place.path, told.at) } else { String::new() };
            heard.push(Heard {
                district_id: told.district_id,
                tier: tier.to_owned(),
                place,
                ticket_id: told.ticket_id,
                kind: told.changed.transition.clone(),
                sequence: told.changed.sequence,
                text: format!("{text}{there}"),
                urgent: wording.urgent || emergency,
                at: told.at,
            });
        }
    }
    heard
}

/// The groups of a tier that a change belongs to.
fn groups<'t>(tier: &'t str, audience: Audience, told: &Told) -> Vec<(&'t str, Place)> {
    let tier = match (tier, holder(&told.changed)) {
        ("HOLDER", Some(Audience::Street)) => "SUBDISTRICT",
        ("HOLDER", Some(Audience::Community)) => "COMMUNITY",
        ("HOLDER", Some(Audience::Department)) => "DEPARTMENT",
        ("HOLDER", Some(Audience::Coordinators)) => "DISTRICT",
        ("HOLDER", _) => return Vec::new(),
        (tier, _) => tier,
    };
    let of = |department| (tier, Place::of(tier, &told.changed.place_path, department));
    match (tier, audience) {
        ("DEPARTMENT", Audience::Assisting) => told.assisting().into_iter().map(Some).map(of).collect(),
        ("DEPARTMENT", Audience::Invited) => told.invited().into_iter().map(Some).map(of).collect(),
        _ => vec![of(told.department())],
    }
}

/// Names who is on duty for the street, to those who work there.
fn on_duty(terms: &DistrictTerms, street: &str, at: DateTime<Utc>) -> String {
    let names: Vec<String> = terms.on_duty(street, at).filter_map(|duty| duty.person_name.clone()).collect();
    if names.is_empty() { String::new() } else { format!("（值班：{}）", names.join("、")) }
}
