//! Why this service refuses.
use chassis::faults::Fault;
use tonic::Code;

use crate::{payout::PayoutState, wechat::LoginError};

/// A refusal with what its texts name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no fund for this place in the caller's district")]
    FundNotFound,
    #[error("the compound lies outside the caller's places")]
    PlaceNotAllowed,
    #[error("{purpose} holds {balance_fen} fen")]
    FundsInsufficient { purpose: String, balance_fen: i64 },
    #[error("must be from 1 to 100000000000")]
    AmountOutOfRange,
    #[error("must be a photo that the caller uploaded")]
    MediaNotYours,
    #[error("no payout of this id in the caller's district")]
    PayoutNotFound,
    #[error("the payout is {state:?}")]
    PayoutMoved { state: PayoutState },
    #[error("nobody decides about their own money")]
    OwnPayout,
    #[error("WeChat transfers are not set up; BANK and IN_PERSON are allowed")]
    WechatNotConfigured,
    #[error("WECHAT is for 10 to 199999 fen, this is {net_fen}; BANK and IN_PERSON are allowed")]
    WechatAmount { net_fen: i64 },
    #[error("{0}; it must be fresh from wx.login")]
    WechatCode(LoginError),
    #[error("WeChat blocks this account; BANK and IN_PERSON are allowed")]
    WechatBlocked,
    #[error("{0}")]
    NoticeRefused(String),
    #[error("{0}")]
    NoticeInvalid(String),
    #[error("no transfer of this number")]
    TransferUnknown,
    #[error("the notice differs from the transfer on record")]
    TransferDiffers,
    #[error("entry_id was used before with another body")]
    IdReused,
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::FundNotFound => Fault::not_found("FUND_NOT_FOUND", detail),
            Refusal::PlaceNotAllowed => Fault::denied("PLACE_NOT_ALLOWED", detail),
            Refusal::FundsInsufficient { purpose, balance_fen } => {
                let fault = Fault::conflict("FUNDS_INSUFFICIENT", detail);
                fault.fact("purpose", purpose).fact("balance_fen", balance_fen)
            }
            Refusal::AmountOutOfRange => Fault::field_reason("AMOUNT_OUT_OF_RANGE", "amount_fen", detail),
            Refusal::MediaNotYours => Fault::field_reason("MEDIA_NOT_YOURS", "voucher_media_id", detail),
            Refusal::PayoutNotFound => Fault::not_found("PAYOUT_NOT_FOUND", &detail).at_field("payout_id", detail),
            Refusal::PayoutMoved { state } => Fault::conflict("PAYOUT_MOVED", detail).fact("state", state.code()),
            Refusal::OwnPayout => Fault::denied("OWN_PAYOUT", detail),
            Refusal::WechatNotConfigured => {
                Fault::conflict("WECHAT_NOT_CONFIGURED", &detail).at_field("method", detail)
            }
            Refusal::WechatAmount { net_fen } => {
                Fault::conflict("WECHAT_AMOUNT", &detail).at_field("method", detail).fact("net_fen", net_fen)
            }
            Refusal::WechatCode(_) => Fault::field_reason("WECHAT_CODE_INVALID", "js_code", detail),
            Refusal::WechatBlocked => Fault::conflict("WECHAT_BLOCKED", &detail).at_field("method", detail),
            Refusal::NoticeRefused(_) => Fault::new(Code::Unauthenticated, "WECHAT_NOTICE_REFUSED", detail),
            Refusal::NoticeInvalid(_) => Fault::field_reason("WECHAT_NOTICE_INVALID", "body", detail),
            Refusal::TransferUnknown => Fault::not_found("WECHAT_TRANSFER_UNKNOWN", detail),
            Refusal::TransferDiffers => Fault::conflict("WECHAT_TRANSFER_DIFFERS", detail),
            Refusal::IdReused => Fault::id_reused("entry_id"),
        }
    }
}
