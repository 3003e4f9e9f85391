//! What a district decides for itself, and what its staff keep beside the tickets.
use anyhow::{Context, Result};
use hemei_tests::{Answer, Client, Person};
use serde_json::json;
use uuid::Uuid;

use super::world::{Whose, World};

const SERVICES: [&str; 7] = [
    "CaseService/",
    "ChannelService/",
    "TermsService/",
    "CategoryService/",
    "PrecedentService/",
    "FigureService/",
    "InboxService/",
];

pub fn knows(rpc: &str) -> bool {
    SERVICES.iter().any(|service| rpc.starts_with(service))
}

pub async fn ask(world: &World, rpc: &str, person: &Person, me: &Client, whose: Whose) -> Result<Option<Answer>> {
    let only_own = whose != Whose::Own;
    let answer = match rpc {
        // Terms without anything are the suite's own.
        "TermsService/PutTerms" | "TermsService/PutCalendarDays" | "CategoryService/PutCategory" if only_own => {
            return Ok(None);
        }
        "TermsService/PutTerms" => me.post("/v1/terms", &json!({})).await?,
        "TermsService/PutCalendarDays" => me.post("/v1/calendar-days", &json!({"days": []})).await?,
        "CategoryService/PutCategory" => me.post("/v1/categories", &json!({})).await?,
        "CategoryService/ListCategoryVersions" if only_own => return Ok(None),
        "CategoryService/ListCategoryVersions" => me.get("/v1/categories/10001/versions").await?,
        "TermsService/PutDuty" => me.post("/v1/duties", &duty(world, person, whose).await?).await?,
        "TermsService/CancelDuty" => {
            let duty = duty(world, person, whose).await?;
            let district = if whose == Whose::OtherDistrict { &world.away } else { &world.home };
            let admin = world.signed_in("district_admin", district).await?;
            admin.post("/v1/duties", &duty).await?.success()?;
            let id = duty["duty_id"].as_str().context("an id")?;
            me.post(&format!("/v1/duties/{id}:cancel"), &json!({})).await?
        }
        "ChannelService/PutChannel" | "ChannelService/PutWording" if only_own => return Ok(None),
        "ChannelService/PutChannel" => me.post("/v1/channels", &json!({})).await?,
        "ChannelService/PutWording" => me.post("/v1/wordings", &json!({})).await?,
        "ChannelService/GetShareCard" => {
            me.get(&format!("/v1/tickets/{}/share_card", world.ticket(person, whose, true).await?)).await?
        }
        _ => return beside_tickets(world, rpc, person, me, whose).await,
    };
    Ok(Some(answer))
}

async fn beside_tickets(
    world: &World,
    rpc: &str,
    person: &Person,
    me: &Client,
    whose: Whose,
) -> Result<Option<Answer>> {
    let only_own = whose != Whose::Own;
    let answer = match rpc {
        "CaseService/AddComment" => {
            let ticket = of_staff(world, person, whose).await?;
            let body = json!({"comment_id": Uuid::now_v7(), "text": "请尽快"});
            me.post(&format!("/v1/tickets/{ticket}/comments"), &body).await?
        }
        "CaseService/ListComments" => {
            me.get(&format!("/v1/tickets/{}/comments", of_staff(world, person, whose).await?)).await?
        }
        "CaseService/ExportCase" => {
            let ticket = world.ticket(person, whose, false).await?;
            me.post(&format!("/v1/tickets/{ticket}:export"), &json!({})).await?
        }
        "InboxService/MarkRead" if only_own => return Ok(None),
        "InboxService/MarkRead" => me.post("/v1/inbox:read", &json!({})).await?,
        "InboxService/GetTimeline" => {
            me.get(&format!("/v1/tickets/{}/timeline", world.ticket(person, whose, true).await?)).await?
        }
        "PrecedentService/Suggest" => {
            me.get(&format!("/v1/tickets/{}/suggestions", world.ticket(person, whose, false).await?)).await?
        }
        "PrecedentService/ListDuplicates" => {
            me.get(&format!("/v1/tickets/{}/duplicates", world.ticket(person, whose, false).await?)).await?
        }
        "PrecedentService/FindSimilar" if only_own => return Ok(None),
        "PrecedentService/FindSimilar" => {
            let at = &person.location;
            me.get(&format!("/v1/tickets:similar?lng={}&lat={}&crs={}", at.lng, at.lat, at.crs)).await?
        }
        "FigureService/GetPublicSummary" if only_own => return Ok(None),
        "FigureService/GetPublicSummary" => {
            me.get(&format!("/v1/public/figures?district_id={}", person.district_id)).await?
        }
        _ => anyhow::bail!("{rpc} is missing from the matrix: say here how to ask it"),
    };
    Ok(Some(answer))
}

/// A duty of a liaison at the street of the person's own point, of another one, or of the other district.
async fn duty(world: &World, person: &Person, whose: Whose) -> Result<serde_json::Value> {
    let at = world.point_for(person, whose)?;
    let point = &at.location;
    let viewer = world.signed_in("auditor", &at.district_id).await?;
    let path = format!("/v1/places:locate?lng={}&lat={}&crs={}", point.lng, point.lat, point.crs);
    let located = viewer.get(&path).await?.success()?;
    let street = located["subdistrict"]["place_id"].as_str().context("a street")?.to_owned();
    let liaison = match person.role.as_str() {
        "liaison" if whose == Whose::Own => person.clone(),
        _ => world.one("liaison", &at.district_id)?,
    };
    Ok(json!({
        "duty_id": Uuid::now_v7(), "person_id": liaison.person_id, "place_id": street,
        "from_at": "2098-12-31T00:00:00+08:00", "until_at": "2099-01-01T00:00:00+08:00",
    }))
}

/// A ticket that is the person's as staff: of their department where they have one, else of their place.
async fn of_staff(world: &World, person: &Person, whose: Whose) -> Result<String> {
    match person.role.as_str() {
        "department_handler" => world.dispatched(person, whose).await,
        _ => world.ticket(person, whose, false).await,
    }
}
