//! Groups and words on the wire.
use chassis::{clock::timestamp, faults::Fault};
use proto::tickets::v1 as wire;

use super::id;
use crate::{
    channels::{Channels, sealed_for},
    machine::TRANSITIONS,
    ops::{ChannelAsked, check_text},
    store::channel_list::Channel,
    wording::{Audience, REMINDED, TIERS as HEARD, Wording, is_reminder, marks},
};

const TIERS: [&str; 4] = ["COMMUNITY", "SUBDISTRICT", "DISTRICT", "DEPARTMENT"];

pub fn asked(request: wire::PutChannelRequest) -> Result<ChannelAsked, Fault> {
    if !TIERS.contains(&request.tier.as_str()) {
        return Err(Fault::field("tier", format!("must be one of {}", TIERS.join(", "))));
    }
    check_text("name", &request.name, 40)?;
    if request.name.trim().is_empty() {
        return Err(Fault::field("name", "must be 1 to 40 characters"));
    }
    let letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if request
        .robot_key
        .as_deref()
        .is_some_and(|key| !key.is_empty() && (!(8..=100).contains(&key.len()) || !key.chars().all(letter)))
    {
        return Err(Fault::field(
            "robot_key",
            "must be 8 to 100 letters, digits, - and _: the part after key= in the robot's address",
        ));
    }
    let phone = |phone: &String| phone.len() == 11 && phone.chars().all(|digit| digit.is_ascii_digit());
    if request.mentioned_phones.len() > 20 || !request.mentioned_phones.iter().all(phone) {
        return Err(Fault::field("mentioned_phones", "at most 20 phones of 11 digits"));
    }
    Ok(ChannelAsked {
        channel_id: id("channel_id", &request.channel_id)?,
        tier: request.tier,
        place_id: request.place_id.map(|text| id("place_id", &text)).transpose()?,
        department_id: request.department_id.map(|text| id("department_id", &text)).transpose()?,
        name: request.name.trim().to_owned(),
        robot_key: request.robot_key,
        mentioned: request.replace_mentioned.then_some(request.mentioned_phones),
    })
}

pub fn channel(channels: &Channels, channel: Channel) -> wire::Channel {
    let open = |sealed: &Vec<u8>| {
        let context = sealed_for("mentioned", channel.district_id, channel.channel_id);
        let phones: Option<Vec<String>> = serde_json::from_str(&channels.vault.open(&context, sealed).ok()?).ok();
        phones.map(|phones| phones.len())
    };
    let mentioned = channel.mentioned_sealed.as_ref().and_then(open).unwrap_or(0);
    let given = |id: uuid::Uuid| (!id.is_nil()).then(|| id.to_string());
    wire::Channel {
        channel_id: channel.channel_id.to_string(),
        tier: channel.tier,
        place_id: given(channel.place_id).unwrap_or_default(),
        place_path: channel.place_path,
        department_id: given(channel.department_id),
        name: channel.name,
        robot_bound: channel.robot_sealed.is_some(),
        mentioned_count: i32::try_from(mentioned).unwrap_or(i32::MAX),
        waiting: channel.waiting,
        dead: channel.dead,
        maybe_twice: channel.maybe_twice,
        last_error: channel.last_error,
        next_at: channel.next_at.map(timestamp),
    }
}

pub fn new_wording(request: wire::PutWordingRequest) -> Result<Wording, Fault> {
    if !is_reminder(&request.transition) && !TRANSITIONS.iter().any(|row| row.id == request.transition) {
        let reminders = REMINDED.map(|(_, kind, _)| kind).join(", ");
        return Err(Fault::field("transition", format!("must be a row of the state table, or one of {reminders}")));
    }
    let audience = Audience::of(&request.audience).ok_or_else(|| {
        Fault::field("audience", format!("must be one of {}", Audience::ALL.map(Audience::code).join(", ")))
    })?;
    check_text("tiers", &request.tiers, 100)?;
    check_text("words", &request.words, 300)?;
    if let Some(fault) = marks::fault(&request.words) {
        return Err(Fault::field("words", fault));
    }
    if marks::has_any(&request.words) && ![Audience::Reporter, Audience::Reporters].contains(&audience) {
        return Err(Fault::field("words", "{reporter:…} only in words to REPORTER or REPORTERS"));
    }
    let sound = |tier: &str| {
        let (tier, step) = tier.split_once(':').unwrap_or((tier, "0"));
        HEARD.contains(&tier) && step.parse::<u8>().is_ok()
    };
    if !request.tiers.split_whitespace().all(sound) {
        return Err(Fault::field(
            "tiers",
            format!("must be some of {}, each with :n from the n-th escalation on", HEARD.join(", ")),
        ));
    }
    let (transition, tiers, words) = (request.transition, request.tiers, request.words);
    Ok(Wording { transition, audience, tiers, urgent: request.urgent, words })
}

pub fn wording(wording: Wording) -> wire::Wording {
    wire::Wording {
        transition: wording.transition,
        audience: wording.audience.code().to_owned(),
        tiers: wording.tiers,
        urgent: wording.urgent,
        words: wording.words,
    }
}
