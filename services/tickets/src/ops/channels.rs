//! Groups: which there are, which robot they have, and what they are told.
use chassis::{
    access::Caller,
    faults::{Fault, broken_constraint},
    paging,
};
use uuid::Uuid;

use super::get_ticket;
use crate::{
    channels::{Channels, sealed_for},
    error::Refusal,
    store::{
        self,
        channel::Place,
        channel_list::{Channel, NewChannel},
    },
    ticket::Ticket,
    wire::local,
    wording::{Wording, step},
};

/// What a group is to be.
#[derive(Clone, Debug)]
pub struct ChannelAsked {
    pub channel_id: Uuid,
    pub tier: String,
    pub place_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub name: String,
    /// None: as before; empty: none.
    pub robot_key: Option<String>,
    /// None: as before.
    pub mentioned: Option<Vec<String>>,
}

/// Makes or changes a group of the caller's district.
pub async fn put_channel(channels: &Channels, caller: &Caller, asked: ChannelAsked) -> Result<Channel, Fault> {
    let tickets = &channels.tickets;
    let (district_id, channel_id) = (caller.district_id, asked.channel_id);
    let (place_id, place) = place(channels, district_id, &asked).await?;
    let known = store::channel_list::list(&tickets.pool, district_id, (Some(channel_id), Uuid::nil()), 1).await?.pop();
    let seal = |what: &str, text: &str| channels.vault.seal(&sealed_for(what, district_id, channel_id), text);
    let robot_sealed = match asked.robot_key.as_deref() {
        None => known.as_ref().and_then(|known| known.robot_sealed.clone()),
        Some("") => None,
        Some(key) => Some(seal("robot", key)),
    };
    let open = |sealed: &[u8]| channels.vault.open(&sealed_for("robot", district_id, channel_id), sealed);
    let key = robot_sealed.as_deref().map(open).transpose().map_err(Fault::internal)?;
    let mentioned_sealed = match &asked.mentioned {
        None => known.and_then(|known| known.mentioned_sealed),
        Some(phones) if phones.is_empty() => None,
        Some(phones) => {
            let text = serde_json::to_string(phones).map_err(Fault::internal)?;
            let open =
                |sealed: &Vec<u8>| channels.vault.open(&sealed_for("mentioned", district_id, channel_id), sealed);
            let same = known
                .and_then(|known| known.mentioned_sealed)
                .filter(|sealed| open(sealed).is_ok_and(|old| old == text));
            same.or_else(|| Some(seal("mentioned", &text)))
        }
    };
    let new = NewChannel {
        district_id,
        channel_id,
        tier: asked.tier,
        place_id,
        place,
        name: asked.name,
        robot_blind: key.map(|key| channels.vault.blind("tickets.robot", &key)),
        robot_sealed,
        mentioned_sealed,
    };
    let made = (caller.person_id, tickets.clock.now());
    store::channel_list::put(&tickets.pool, &new, made).await.map_err(|error| match broken_constraint(&error) {
        Some("channel_of") => Fault::conflict("CHANNEL_EXISTS", "another channel has this tier and place"),
        _ => error.into(),
    })?;
    let made = store::channel_list::list(&tickets.pool, district_id, (Some(channel_id), Uuid::nil()), 1).await?.pop();
    made.ok_or_else(|| Fault::unavailable("the channel is being changed"))
}

async fn place(channels: &Channels, district: Uuid, asked: &ChannelAsked) -> Result<(Uuid, Place), Fault> {
    let pool = &channels.tickets.pool;
    let map = channels.tickets.maps.fresh(pool, district).await?;
    let level = match asked.tier.as_str() {
        "COMMUNITY" => 3,
        "SUBDISTRICT" => 2,
        "DISTRICT" => 1,
        _ => {
            let department =
                asked.department_id.ok_or_else(|| Fault::field("department_id", "is needed for a department"))?;
            if !store::place::department_exists(pool, district, department).await? {
                return Err(Refusal::DepartmentNotFound.into());
            }
            let names = store::place::names(pool, district, 1).await?;
            let path = names.into_iter().next().map(|(path, _)| path).unwrap_or_default();
            return Ok((Uuid::nil(), Place { path, department_id: department }));
        }
    };
    let place_id = asked.place_id.ok_or_else(|| Fault::field("place_id", "is needed for this tier"))?;
    let place = map.place(place_id).ok_or(Refusal::PlaceNotFound)?;
    if place.level != level {
        return Err(Fault::field("place_id", format!("must be a place of the tier {}", asked.tier)));
    }
    Ok((place_id, Place { path: place.path.clone(), department_id: Uuid::nil() }))
}

/// The groups of the caller's district, with the token of the next page.
pub async fn list_channels(
    channels: &Channels,
    caller: &Caller,
    (page_size, page_token): (i32, &str),
) -> Result<(Vec<Channel>, String), Fault> {
    let asked = paging::page_size(page_size)?;
    let after: Uuid = paging::after(page_token)?.unwrap_or_default();
    let pool = &channels.tickets.pool;
    let mut found = store::channel_list::list(pool, caller.district_id, (None, after), asked + 1).await?;
    let more = found.len() as i64 > asked;
    found.truncate(usize::try_from(asked).unwrap_or(0));
    let last = found.last().filter(|_| more).map(|channel| paging::encode(&channel.channel_id));
    Ok((found, last.unwrap_or_default()))
}

/// Everything that is told in the caller's district.
pub async fn list_wordings(channels: &Channels, caller: &Caller) -> Result<Vec<Wording>, Fault> {
    channels.tickets.refresh_terms().await?;
    Ok(channels.tickets.terms.of(caller.district_id).wordings.all().into_iter().cloned().collect())
}

/// Sets the district's own words.
pub async fn put_wording(channels: &Channels, caller: &Caller, wording: Wording) -> Result<Wording, Fault> {
    let made = (caller.person_id, channels.tickets.clock.now());
    store::wording::put(&channels.tickets.pool, caller.district_id, &wording, made).await?;
    channels.tickets.refresh_terms().await?;
    Ok(wording)
}

/// A ticket, and what may be told of it in residents' groups: title and text.
pub async fn get_share_card(channels: &Channels, caller: &Caller, ticket_id: Uuid) -> Result<(String, String), Fault> {
    let ticket: Ticket = get_ticket(&channels.tickets, caller, ticket_id).await?;
    let category =
        channels.tickets.categories.find(&channels.tickets.pool, ticket.district_id, &ticket.category_code).await?;
    let category = category.map_or_else(String::new, |category| category.name.clone());
    let department = ticket.department_name.clone().unwrap_or_default();
    let state = step(&ticket.last_transition, &department).unwrap_or_else(|| ticket.state().zh().to_owned());
    let title = format!("【{category}】{}", ticket.place_name.clone().unwrap_or_default());
    let promise = match ticket.resolved_at {
        None if ticket.due_at.is_some() => format!("，承诺 {} 前反馈", local(ticket.promised_by, "%m月%d日 %H:%M")),
        _ => String::new(),
    };
    Ok((title, format!("工单 {}：{state}{promise}。", ticket.number)))
}
