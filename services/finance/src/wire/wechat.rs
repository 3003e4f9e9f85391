//! Notices of WeChat, and transfers as they are shown.
use chassis::{clock, faults::Fault};
use proto::finance::v1::{self, HearTransferRequest, wechat_transfer::State};

use crate::{
    Finance,
    transfer::{PACKAGE, Shown, TransferState},
    wechat::Headers,
};

/// What stands beside a notice, and its body.
pub fn notice(request: HearTransferRequest) -> (Headers, Vec<u8>) {
    let HearTransferRequest { body, timestamp, nonce, signature, serial, signature_type } = request;
    (Headers { timestamp, nonce, signature, serial, signature_type }, body)
}

/// What `wx.login` answered.
pub fn js_code(sent: &str) -> Result<String, Fault> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b':';
    if (1..=128).contains(&sent.len()) && sent.bytes().all(good) {
        return Ok(sent.to_owned());
    }
    Err(Fault::field("js_code", "must be what wx.login answered: 1 to 128 letters, digits, - _ or :"))
}

/// The state of a transfer; what its member confirms it with only to them, and only while it can be.
pub fn transfer(state: &Finance, shown: Shown, to_member: bool) -> Result<v1::WechatTransfer, Fault> {
    let said = match shown.state {
        TransferState::Tried => State::Tried,
        TransferState::Accepted => State::Accepted,
        TransferState::Processing => State::Processing,
        TransferState::WaitUserConfirm => State::WaitUserConfirm,
        TransferState::Transfering => State::Transfering,
        TransferState::Canceling => State::Canceling,
        TransferState::Success => State::Success,
        TransferState::Fail => State::Fail,
        TransferState::Cancelled => State::Cancelled,
        TransferState::Refused => State::Refused,
    };
    let confirm_by = shown.confirm_by.map(clock::timestamp);
    let cancel_asked = shown.cancel_asked;
    let mut transfer =
        v1::WechatTransfer { state: said.into(), confirm_by, cancel_asked, ..v1::WechatTransfer::default() };
    if let Some(sealed) = shown.package_sealed
        && to_member
        && shown.state == TransferState::WaitUserConfirm
    {
        transfer.package = state.vault.open(PACKAGE, &sealed)?;
        (transfer.mch_id, transfer.app_id) = (shown.mch_id, shown.app_id);
    }
    Ok(transfer)
}
