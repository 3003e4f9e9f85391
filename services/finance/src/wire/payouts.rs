//! Payouts and the award fund.
use chassis::{clock, faults::Fault};
use proto::{events::v1::Event, finance::v1, incentives::v1::CashAwardApproved};
use uuid::Uuid;

use super::{heard, id, text, wechat::js_code};
use crate::{
    Finance, Refusal,
    fund::MOST_FEN,
    payout::{ACCOUNT, AwardFund, BankFile, Claim, Method, Move, Ordered, Payout, PayoutState},
};

/// What an award that was approved orders.
pub fn ordered(event: &Event, award: CashAwardApproved) -> Result<Ordered, Fault> {
    let at = award.at.as_ref().and_then(clock::instant).ok_or_else(|| Fault::internal("an award without a time"))?;
    Ok(Ordered {
        district_id: heard("district_id", &event.district_id)?,
        payout_id: heard("cash_award_id", &award.cash_award_id)?,
        person_id: heard("person_id", &award.person_id)?,
        month: award.month,
        rank: award.rank,
        gross_fen: award.gross_fen,
        at,
    })
}

pub fn budget(request: &v1::AddBudgetRequest) -> Result<(Uuid, i64, String), Fault> {
    if !(1..=MOST_FEN).contains(&request.amount_fen) {
        return Err(Refusal::AmountOutOfRange.into());
    }
    Ok((id("entry_id", &request.entry_id)?, request.amount_fen, text("text", &request.text, 500)?))
}

pub fn tax(request: &v1::PutAwardTaxRequest) -> Result<i32, Fault> {
    let good = (0..=45).contains(&request.tax_percent);
    if good { Ok(request.tax_percent) } else { Err(Fault::field("tax_percent", "must be from 0 to 45")) }
}

pub fn reason(sent: &str) -> Result<String, Fault> {
    let reason = text("reason", sent, 200)?;
    if reason.chars().count() < 2 { Err(Fault::field("reason", "must have 2 to 200 characters")) } else { Ok(reason) }
}

/// How somebody wants to be paid.
pub fn claim(request: &v1::ClaimPayoutRequest) -> Result<Claim, Fault> {
    match request.method() {
        v1::payout::Method::InPerson => Ok(Claim::InPerson),
        v1::payout::Method::Bank => {
            let account_name = text("account_name", &request.account_name, 30)?;
            if account_name.chars().count() < 2
                || account_name.contains([',', '"', '\n', '\r', '\t'])
                || account_name.starts_with(['=', '+', '-', '@'])
            {
                return Err(Fault::field("account_name", "must be a name of 2 to 30 characters"));
            }
            let account_number: String = request.account_number.chars().filter(|c| !c.is_whitespace()).collect();
            let good =
                (12..=30).contains(&account_number.len()) && account_number.bytes().all(|byte| byte.is_ascii_digit());
            if !good {
                return Err(Fault::field("account_number", "must be 12 to 30 digits"));
            }
            Ok(Claim::Bank { account_name, account_number })
        }
        v1::payout::Method::Wechat => Ok(Claim::WeChat { js_code: js_code(&request.js_code)? }),
        v1::payout::Method::Unspecified => Err(Fault::field("method", "must be BANK, WECHAT or IN_PERSON")),
    }
}

/// What the bank did.
pub fn result(request: &v1::RecordBankResultRequest) -> Result<Move, Fault> {
    let batch_id = id("batch_id", &request.batch_id)?;
    if request.paid {
        return Ok(Move::BankPaid { batch_id });
    }
    Ok(Move::BankRefused { batch_id, reason: reason(&request.reason)? })
}

pub fn state(state: v1::payout::State) -> Result<Option<PayoutState>, Fault> {
    Ok(match state {
        v1::payout::State::Unspecified => None,
        v1::payout::State::Waiting => Some(PayoutState::Waiting),
        v1::payout::State::Ready => Some(PayoutState::Ready),
        v1::payout::State::Sent => Some(PayoutState::Sent),
        v1::payout::State::Paid => Some(PayoutState::Paid),
        v1::payout::State::Returned => Some(PayoutState::Returned),
    })
}

pub fn fund(fund: AwardFund) -> v1::AwardFund {
    let AwardFund { available_fen, held_fen, paid_fen, tax_fen, waiting_fen, tax_percent, difference_fen } = fund;
    v1::AwardFund { available_fen, held_fen, paid_fen, tax_fen, waiting_fen, tax_percent, difference_fen }
}

pub fn file(file: BankFile) -> v1::BankFile {
    let BankFile { batch_id, payouts, net_fen, csv } = file;
    v1::BankFile { batch_id: batch_id.to_string(), payouts, net_fen, csv }
}

pub fn list(state: &Finance, payouts: Vec<Payout>, next_page_token: String) -> Result<v1::ListPayoutsResponse, Fault> {
    let payouts = payouts.into_iter().map(|one| payout(state, one)).collect::<Result<_, _>>()?;
    Ok(v1::ListPayoutsResponse { payouts, next_page_token })
}

/// The payouts of whoever asks.
pub fn own_list(
    state: &Finance,
    payouts: Vec<Payout>,
    next_page_token: String,
) -> Result<v1::ListPayoutsResponse, Fault> {
    let payouts = payouts.into_iter().map(|one| own(state, one)).collect::<Result<_, _>>()?;
    Ok(v1::ListPayoutsResponse { payouts, next_page_token })
}

/// The payout of whoever asks: with what they confirm its transfer with.
pub fn own(state: &Finance, payout: Payout) -> Result<v1::Payout, Fault> {
    shown(state, payout, true)
}

/// The payout with no more than the last four digits of its account.
pub fn payout(state: &Finance, payout: Payout) -> Result<v1::Payout, Fault> {
    shown(state, payout, false)
}

fn shown(state: &Finance, payout: Payout, to_member: bool) -> Result<v1::Payout, Fault> {
    let said = match payout.state {
        PayoutState::Waiting => v1::payout::State::Waiting,
        PayoutState::Ready => v1::payout::State::Ready,
        PayoutState::Sent => v1::payout::State::Sent,
        PayoutState::Paid => v1::payout::State::Paid,
        PayoutState::Returned => v1::payout::State::Returned,
    };
    let method = match payout.method {
        None => v1::payout::Method::Unspecified,
        Some(Method::Bank) => v1::payout::Method::Bank,
        Some(Method::InPerson) => v1::payout::Method::InPerson,
        Some(Method::WeChat) => v1::payout::Method::Wechat,
    };
    let account = match &payout.account_sealed {
        Some(sealed) => {
            let number = state.vault.open(ACCOUNT, sealed)?;
            number[number.len().saturating_sub(4)..].to_owned()
        }
        None => String::new(),
    };
    let wechat = payout.transfer.map(|transfer| super::wechat::transfer(state, transfer, to_member)).transpose()?;
    Ok(v1::Payout {
        payout_id: payout.payout_id.to_string(),
        person_id: payout.person_id.to_string(),
        person_name: payout.person_name,
        month: payout.month,
        rank: payout.rank,
        gross_fen: payout.gross_fen,
        tax_fen: payout.tax_fen,
        net_fen: payout.net_fen,
        state: said.into(),
        method: method.into(),
        account,
        batch_id: payout.batch_id.map(|id| id.to_string()),
        reason: payout.reason,
        ordered_at: Some(clock::timestamp(payout.ordered_at)),
        changed_at: Some(clock::timestamp(payout.changed_at)),
        wechat,
    })
}
