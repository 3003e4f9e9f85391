//! A group for every community, street, district and department, each with a robot of the sandbox.
use std::{path::Path, sync::Arc};

use anyhow::Result;
use chassis::{clock::Clock, keys::Keyring, media::MediaIds, vault::Vault};
use proto::api::v1::post::Role;
use sqlx::PgPool;
use tickets::{
    TicketSettings, Tickets,
    channels::Channels,
    ops::{ChannelAsked, put_channel},
};
use uuid::Uuid;

use super::reports::caller;

/// Makes the groups of every district that is known.
pub async fn make(pool: &PgPool, vault: &Vault, keys_dir: &Path, settings: TicketSettings) -> Result<()> {
    let media = MediaIds::new(Keyring::load_or_create(keys_dir, "media")?);
    let tickets = Arc::new(Tickets::new(pool.clone(), Clock::System, media, settings, None));
    let channels = Channels { tickets, vault: vault.clone() };
    let places: Vec<(Uuid, Uuid, String, i16)> =
        sqlx::query_as("select district_id, place_id, name, level from tickets.place where level <= 3 order by path")
            .fetch_all(pool)
            .await?;
    let departments: Vec<(Uuid, Uuid, String)> =
        sqlx::query_as("select district_id, department_id, name from tickets.department order by code")
            .fetch_all(pool)
            .await?;
    let of_places = places.into_iter().map(|(district, place, name, level)| {
        let (tier, kind) = match level {
            1 => ("DISTRICT", "协调群"),
            2 => ("SUBDISTRICT", "联络群"),
            _ => ("COMMUNITY", "工作群"),
        };
        (district, tier, Some(place), None, format!("{name}{kind}"))
    });
    let of_departments = departments
        .into_iter()
        .map(|(district, department, name)| (district, "DEPARTMENT", None, Some(department), format!("{name}工作群")));
    for (district, tier, place_id, department_id, name) in of_places.chain(of_departments) {
        let channel_id = Uuid::now_v7();
        let asked = ChannelAsked {
            channel_id,
            tier: tier.to_owned(),
            place_id,
            department_id,
            name,
            robot_key: Some(format!("demo-{}", channel_id.simple())),
            mentioned: None,
        };
        put_channel(&channels, &caller(district, Uuid::now_v7(), Role::DistrictAdmin, "", None), asked).await?;
    }
    Ok(())
}
