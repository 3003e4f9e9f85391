//! Prizes and what is counted of them.
use std::collections::HashSet;

use chassis::faults::Fault;
use proto::incentives::v1;

use sqlx::types::Json;
use uuid::Uuid;

use super::{id, pickup_points::pickup_point, text};
use crate::{
    Incentives,
    ops::Counted,
    prize::{Kind, Prize, PrizeEdit, Shelf, StockTake},
    voucher::{self, Code, Imported, VoucherCodes, Withdrawn},
};

/// The prize with the address of its photo.
pub fn prize(state: &Incentives, prize: Prize) -> v1::Prize {
    let photo = |media_id: Uuid| {
        let url = state.media.address(media_id, state.clock.now());
        v1::prize::Photo { media_id: media_id.to_string(), url }
    };
    let photos: Vec<_> = prize.photos.into_iter().map(photo).collect();
    let Json(shelves) = prize.pickup_points;
    let hours = shelves.first().map(|shelf| shelf.point.opening.text()).unwrap_or_default();
    v1::Prize {
        prize_id: prize.prize_id.to_string(),
        name: prize.name,
        points: prize.points,
        stock: prize.stock,
        pickup_place_id: prize.pickup_place_id.to_string(),
        pickup_place_name: prize.pickup_place_name,
        hold_hours: prize.hold_hours,
        pickup_hours: if prize.pickup_hours.is_empty() { hours } else { prize.pickup_hours },
        per_person_month: prize.per_person_month,
        photo_url: photos.first().map(|photo| photo.url.clone()).unwrap_or_default(),
        photos,
        active: prize.active,
        kind: kind(prize.kind).into(),
        shop: prize.shop,
        pickup_points: shelves.into_iter().map(|shelf| on_shelf(state, shelf)).collect(),
    }
}

fn on_shelf(state: &Incentives, Shelf { point, stock }: Shelf) -> v1::PrizePoint {
    v1::PrizePoint { point: Some(pickup_point(state, point)), stock }
}

pub fn kind(kind: Kind) -> v1::prize::Kind {
    match kind {
        Kind::Goods => v1::prize::Kind::Goods,
        Kind::Voucher => v1::prize::Kind::Voucher,
    }
}

/// Codes that are to be added; the refusal of one names where it stands, never what it is.
pub fn voucher_codes(request: &v1::ImportVoucherCodesRequest) -> Result<VoucherCodes, Fault> {
    let many = request.codes.len();
    if many == 0 || many > voucher::MOST {
        return Err(Fault::field("codes", format!("must be 1 to {} codes, not {many}", voucher::MOST)));
    }
    let day = |text: &str| text.parse().map_err(|_| Fault::field("valid_until", "must be a date like 2027-06-30"));
    let valid_until = request.valid_until.as_deref().map(day).transpose()?;
    let code = |(at, text): (usize, &String)| {
        Code::new(text, valid_until).ok_or_else(|| Fault::field(format!("codes[{at}]"), voucher::RULE))
    };
    Ok(VoucherCodes {
        import_id: id("import_id", &request.import_id)?,
        prize_id: id("prize_id", &request.prize_id)?,
        codes: request.codes.iter().enumerate().map(code).collect::<Result<_, _>>()?,
    })
}

/// Codes that are to be taken off; the refusal of one names where it stands, never what it is.
pub fn withdrawn_codes(request: &v1::WithdrawVoucherCodesRequest) -> Result<Vec<Code>, Fault> {
    let many = request.codes.len();
    if many == 0 || many > voucher::MOST {
        return Err(Fault::field("codes", format!("must be 1 to {} codes, not {many}", voucher::MOST)));
    }
    let code = |(at, text): (usize, &String)| {
        Code::new(text, None).ok_or_else(|| Fault::field(format!("codes[{at}]"), voucher::RULE))
    };
    request.codes.iter().enumerate().map(code).collect()
}

pub fn withdrawn(withdrawn: Withdrawn) -> v1::VoucherWithdrawal {
    let Withdrawn { withdrawn, kept, unknown } = withdrawn;
    v1::VoucherWithdrawal { withdrawn, kept, unknown }
}

pub fn imported(imported: Imported) -> v1::VoucherImport {
    let Imported { import_id, added, known } = imported;
    v1::VoucherImport { import_id: import_id.to_string(), added, known }
}

pub fn edit(request: &v1::PutPrizeRequest) -> Result<PrizeEdit, Fault> {
    if !(1..=1_000_000).contains(&request.points) {
        return Err(Fault::field("points", "must be from 1 to 1000000"));
    }
    if !(1..=2160).contains(&request.hold_hours) {
        return Err(Fault::field("hold_hours", "must be from 1 to 2160"));
    }
    if !(0..=99).contains(&request.per_person_month) {
        return Err(Fault::field("per_person_month", "must be from 0 to 99"));
    }
    Ok(PrizeEdit {
        prize_id: id("prize_id", &request.prize_id)?,
        points: request.points,
        hold_hours: request.hold_hours,
        pickup_hours: text("pickup_hours", &request.pickup_hours, 0, 60)?,
        per_person_month: request.per_person_month,
        photos: photos(request)?,
        shop: request.shop.as_deref().map(|shop| text("shop", shop, 0, 40)).transpose()?,
        active: request.active,
    })
}

/// The photos a prize is to have; nothing: those it has.
fn photos(request: &v1::PutPrizeRequest) -> Result<Option<Vec<Uuid>>, Fault> {
    const RULE: &str = "must be at most 9 photos, each once, and not with photo_media_id";
    match (&request.photo_media_id, &request.photos) {
        (None, None) => Ok(None),
        (Some(one), None) => Ok(Some(vec![id("photo_media_id", one)?])),
        (None, Some(list)) => {
            let one = |(at, media): (usize, &String)| id(&format!("photos.media_ids[{at}]"), media);
            let photos: Vec<Uuid> = list.media_ids.iter().enumerate().map(one).collect::<Result<_, _>>()?;
            let once = photos.iter().collect::<HashSet<_>>().len() == photos.len();
            if photos.len() <= 9 && once { Ok(Some(photos)) } else { Err(Fault::field("photos", RULE)) }
        }
        (Some(_), Some(_)) => Err(Fault::field("photos", RULE)),
    }
}

/// What is brought where: the prize and the place, and how many pieces so far.
pub fn supply(request: &v1::SupplyPointRequest) -> Result<((Uuid, Uuid), i64), Fault> {
    // left out is no figure: it would take away all that is there
    let Some(supplied) = request.supplied.filter(|supplied| (0..=1_000_000).contains(supplied)) else {
        return Err(Fault::field("supplied", "must be given, from 0 to 1000000"));
    };
    Ok(((id("prize_id", &request.prize_id)?, id("place_id", &request.place_id)?), supplied))
}

/// What is counted, and where.
pub fn shelf(request: &v1::RecordStockTakeRequest) -> Result<Counted, Fault> {
    Ok(Counted {
        stock_take_id: id("stock_take_id", &request.stock_take_id)?,
        prize_id: id("prize_id", &request.prize_id)?,
        place_id: request.place_id.as_deref().map(|place| id("place_id", place)).transpose()?,
    })
}

/// How many pieces lie there, and what is to be said about it.
pub fn counted(request: &v1::RecordStockTakeRequest) -> Result<(i64, String), Fault> {
    if !(0..=1_000_000).contains(&request.counted) {
        return Err(Fault::field("counted", "must be from 0 to 1000000"));
    }
    Ok((request.counted, text("note", &request.note, 0, 200)?))
}

pub fn stock_take(taken: &StockTake) -> v1::StockTake {
    let difference = taken.counted - taken.expected;
    v1::StockTake {
        stock_take_id: taken.stock_take_id.to_string(),
        counted: taken.counted,
        expected: taken.expected,
        difference,
    }
}
