//! Proto ⇄ domain; the only file that names both.
pub mod payouts;
pub mod wechat;

use chassis::{clock, faults::Fault};
use proto::{
    api::v1::post::Role,
    events::v1::Event,
    finance::v1::{self, fund_entry},
    residents::v1::{PersonChanged, PlaceChanged},
};
use uuid::Uuid;

use crate::{
    Finance, Refusal,
    fund::{Entry, Fund, Kind, MOST_FEN, NewEntry},
    store::{audit::Logged, fund::Compound, person::Person},
};

/// An id in a field of a request.
pub fn id(field: &str, text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::field(field, "must be a UUID"))
}

/// What is to be recorded, every field within its range.
pub fn new_entry(request: &v1::RecordEntryRequest) -> Result<NewEntry, Fault> {
    let kind = match request.kind() {
        fund_entry::Kind::Income => Kind::Income,
        fund_entry::Kind::Spending => Kind::Spending,
        fund_entry::Kind::Unspecified => return Err(Fault::field("kind", "must be INCOME or SPENDING")),
    };
    if !(1..=MOST_FEN).contains(&request.amount_fen) {
        return Err(Refusal::AmountOutOfRange.into());
    }
    Ok(NewEntry {
        entry_id: id("entry_id", &request.entry_id)?,
        place_id: id("place_id", &request.place_id)?,
        kind,
        purpose: text("purpose", &request.purpose, 40)?,
        amount_fen: request.amount_fen,
        text: text("text", &request.text, 500)?,
        voucher_media_id: request.voucher_media_id.as_deref().map(|media| id("voucher_media_id", media)).transpose()?,
    })
}

fn text(field: &str, text: &str, most: usize) -> Result<String, Fault> {
    let text = text.trim();
    let good = (1..=most).contains(&text.chars().count()) && !text.contains('\0');
    if good { Ok(text.to_owned()) } else { Err(Fault::field(field, format!("must have 1 to {most} characters"))) }
}

/// What acts are asked for by; empty for all.
pub fn subject(sent: &str) -> Result<&str, Fault> {
    let good = sent.chars().count() <= 100 && !sent.contains('\0');
    if good { Ok(sent) } else { Err(Fault::field("subject", "must have at most 100 characters")) }
}

pub fn action(act: Logged) -> v1::FundAction {
    v1::FundAction {
        action_id: act.audit_id,
        at: Some(clock::timestamp(act.at)),
        actor_id: act.actor_id.to_string(),
        actor_name: act.actor_name,
        actor_role: Role::from_str_name(&act.actor_role).unwrap_or_default().into(),
        act: act.act,
        subject: act.subject,
        detail: act.detail.to_string(),
    }
}

pub fn fund(fund: Fund) -> v1::Fund {
    let purpose =
        |held: crate::Purpose| v1::fund::PurposeBalance { purpose: held.purpose, balance_fen: held.balance_fen };
    v1::Fund {
        place_id: fund.place_id.to_string(),
        place_name: fund.name,
        balance_fen: fund.purposes.iter().map(|held| held.balance_fen).sum(),
        purposes: fund.purposes.into_iter().map(purpose).collect(),
    }
}

/// The entry with the address of its voucher.
pub fn entry(state: &Finance, entry: Entry) -> v1::FundEntry {
    let kind = match entry.kind {
        Kind::Income => fund_entry::Kind::Income,
        Kind::Spending => fund_entry::Kind::Spending,
    };
    let address = |media| state.media.address(media, state.clock.now());
    v1::FundEntry {
        entry_id: entry.entry_id.to_string(),
        place_id: entry.place_id.to_string(),
        kind: kind.into(),
        purpose: entry.purpose,
        amount_fen: entry.amount_fen,
        balance_after_fen: entry.balance_after_fen,
        text: entry.text,
        voucher_media_id: entry.voucher_media_id.map(|media| media.to_string()),
        voucher_url: entry.voucher_media_id.map(address).unwrap_or_default(),
        recorded_by_name: entry.recorded_by_name,
        recorded_at: Some(clock::timestamp(entry.at)),
    }
}

pub fn compound(event: &Event, changed: PlaceChanged) -> Result<Compound, Fault> {
    let district_id = heard("district_id", &event.district_id)?;
    let place_id = heard("place_id", &changed.place_id)?;
    Ok(Compound { district_id, place_id, path: changed.path, name: changed.name })
}

pub fn person(event: &Event, changed: PersonChanged) -> Result<Person, Fault> {
    let district_id = heard("district_id", &event.district_id)?;
    let person_id = heard("person_id", &changed.person_id)?;
    Ok(Person { district_id, person_id, name: changed.name })
}

fn heard(field: &str, text: &str) -> Result<Uuid, Fault> {
    Uuid::try_parse(text).map_err(|_| Fault::internal(format!("an event whose {field} is no UUID")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> v1::RecordEntryRequest {
        v1::RecordEntryRequest {
            place_id: Uuid::from_u128(1).to_string(),
            entry_id: Uuid::from_u128(2).to_string(),
            kind: fund_entry::Kind::Income.into(),
            purpose: " REPAIR ".to_owned(),
            amount_fen: 1,
            text: "电梯维修".to_owned(),
            voucher_media_id: None,
        }
    }

    #[test]
    fn a_purpose_is_trimmed() {
        assert_eq!(new_entry(&request()).unwrap().purpose, "REPAIR");
    }

    #[test]
    fn the_field_that_is_wrong_is_named() {
        type Spoil = fn(&mut v1::RecordEntryRequest);
        let cases: [(&str, Spoil); 9] = [
            ("place_id", |r| r.place_id = "x".to_owned()),
            ("entry_id", |r| r.entry_id.clear()),
            ("kind", |r| r.kind = 0),
            ("purpose", |r| r.purpose = "  ".to_owned()),
            ("purpose", |r| r.purpose = "专".repeat(41)),
            ("amount_fen", |r| r.amount_fen = 0),
            ("amount_fen", |r| r.amount_fen = MOST_FEN + 1),
            ("text", |r| r.text = "字".repeat(501)),
            ("voucher_media_id", |r| r.voucher_media_id = Some(String::new())),
        ];
        for (field, spoil) in cases {
            let mut request = request();
            spoil(&mut request);
            assert_eq!(new_entry(&request).unwrap_err().fields[0].0, field);
        }
    }
}
