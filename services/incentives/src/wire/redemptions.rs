//! Exchanging points for a prize.
use chassis::{access::Caller, clock, faults::Fault};
use proto::incentives::v1::{self, hand_over_many_response::Outcome, redemption};
use tonic::Code;

use super::id;
use crate::{
    Incentives, ops,
    prize::Kind,
    qr,
    redemption::{HandOver, Redemption, State, Wanted},
};

/// The prize, how many and under which id; a quantity left out is one.
pub fn wanted(request: &v1::RedeemRequest) -> Result<Wanted, Fault> {
    let redemption_id = id("redemption_id", &request.redemption_id)?;
    let prize_id = id("prize_id", &request.prize_id)?;
    let pickup_place_id = request.pickup_place_id.as_deref().map(|place| id("pickup_place_id", place)).transpose()?;
    let quantity = match request.quantity {
        0 => 1,
        1..=99 => request.quantity,
        _ => return Err(Fault::field("quantity", "must be from 1 to 99")),
    };
    Ok(Wanted { redemption_id, prize_id, quantity, pickup_place_id })
}

/// What is told from a pick-up point.
pub fn hand_over(request: &v1::HandOverRequest) -> Result<HandOver, Fault> {
    let read = |at| clock::instant(at).ok_or_else(|| Fault::field("handed_over_at", "must be an RFC 3339 time"));
    Ok(HandOver { code: code(&request.code)?, at: request.handed_over_at.as_ref().map(read).transpose()? })
}

/// Each item of a batch, or what is wrong with it.
pub fn hand_overs(request: &v1::HandOverManyRequest) -> Result<Vec<Result<HandOver, Fault>>, Fault> {
    let most = ops::HAND_OVER_MOST;
    if request.items.is_empty() || request.items.len() > most {
        return Err(Fault::field("items", format!("must be 1 to {most} hand-overs, not {}", request.items.len())));
    }
    Ok(request.items.iter().map(hand_over).collect())
}

/// A pick-up code, typed or scanned; spaces that people type are taken out.
fn code(text: &str) -> Result<String, Fault> {
    let code: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    let code = code.strip_prefix(qr::BEFORE_CODE).unwrap_or(&code);
    let good = code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit());
    if good {
        Ok(code.to_owned())
    } else {
        Err(Fault::field("code", "must be eight digits, or the text of the QR code"))
    }
}

/// The redemption with the code where it is given.
pub fn redemption(state: &Incentives, caller: &Caller, redemption: Redemption) -> Result<v1::Redemption, Fault> {
    let code = ops::code_for(state, caller, &redemption)?;
    let named = match redemption.state {
        State::Reserved => redemption::State::Reserved,
        State::HandedOver => redemption::State::HandedOver,
        State::Cancelled => redemption::State::Cancelled,
        State::Expired => redemption::State::Expired,
        State::Returned => redemption::State::Returned,
    };
    Ok(v1::Redemption {
        redemption_id: redemption.redemption_id.to_string(),
        prize_id: redemption.prize_id.to_string(),
        prize_name: redemption.prize_name,
        quantity: redemption.quantity,
        points: redemption.points,
        state: named.into(),
        code,
        pickup_place_name: redemption.pickup_place_name,
        created_at: Some(clock::timestamp(redemption.created_at)),
        expires_at: (redemption.kind == Kind::Goods).then(|| clock::timestamp(redemption.expires_at)),
        ended_at: redemption.ended_at.map(clock::timestamp),
        handed_over_at: redemption.handed_over_at.map(clock::timestamp),
        prize_kind: super::prizes::kind(redemption.kind).into(),
        valid_until: redemption.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        ..v1::Redemption::default()
    })
}

/// The same with its QR code, where it waits to be picked up by the caller.
pub fn shown(state: &Incentives, caller: &Caller, found: Redemption) -> Result<v1::Redemption, Fault> {
    let picked_up = found.kind == Kind::Goods;
    let mut shown = redemption(state, caller, found)?;
    if picked_up && !shown.code.is_empty() {
        shown.qr_text = qr::text(&shown.code);
        shown.qr_svg = qr::svg(&shown.qr_text)?;
    }
    Ok(shown)
}

/// What became of one item of a batch.
pub fn outcome(state: &Incentives, caller: &Caller, code: String, done: Result<Redemption, Fault>) -> Outcome {
    match done.and_then(|done| redemption(state, caller, done)) {
        Ok(done) => Outcome { code, redemption: Some(done), ..Outcome::default() },
        Err(fault) => refused(code, &fault),
    }
}

fn refused(code: String, fault: &Fault) -> Outcome {
    if fault.code == Code::Internal {
        tracing::warn!(%fault, cause = ?fault.cause, "a hand-over of a batch failed");
    }
    Outcome {
        code,
        reason: fault.reason.to_owned(),
        message: proto::reasons::fill(fault.reason, false, &fault.facts),
        detail: fault.detail.clone(),
        retryable: matches!(fault.code, Code::Unavailable | Code::ResourceExhausted),
        redemption: None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_code_is_eight_digits_however_it_is_spaced_or_scanned() {
        for good in ["1234 5678", "HEMEI:R:12345678", "hemei:r:12345678\n"] {
            assert_eq!(code(good).unwrap(), "12345678");
        }
        for wrong in ["", "1234567", "123456789", "1234567x", "１２３４５６７８", "HEMEI:X:12345678", "HEMEI:R:"]
        {
            assert_eq!(code(wrong).unwrap_err().fields[0].0, "code");
        }
    }

    #[test]
    fn a_quantity_left_out_is_one() {
        let id = Uuid::from_u128(1).to_string();
        let request = |quantity| v1::RedeemRequest {
            redemption_id: id.clone(),
            prize_id: id.clone(),
            quantity,
            pickup_place_id: None,
        };
        assert_eq!(wanted(&request(0)).unwrap().quantity, 1);
        for wrong in [-1, 100, i64::MAX] {
            assert_eq!(wanted(&request(wrong)).unwrap_err().fields[0].0, "quantity");
        }
    }
}
