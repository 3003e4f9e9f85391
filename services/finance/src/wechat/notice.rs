//! Notices that WeChat sends by itself.
use serde::Deserialize;

use super::{
    WeChat,
    envelope::{self, Resource},
    signature::{self, Signed, Unsigned},
};
use crate::transfer::TransferState;

/// What stands beside a notice.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    pub timestamp: String,
    pub nonce: String,
    pub signature: String,
    pub serial: String,
    pub signature_type: String,
}

/// What a notice tells of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub mch_id: String,
    pub out_bill_no: String,
    pub state: TransferState,
    pub amount_fen: i64,
}

/// Why a notice is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    #[error(transparent)]
    Unsigned(#[from] Unsigned),
    #[error("{0}")]
    Unreadable(&'static str),
}

#[derive(Deserialize)]
struct Notice {
    event_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct Bill {
    mch_id: String,
    out_bill_no: String,
    state: String,
    transfer_amount: i64,
}

impl WeChat {
    /// Checks a notice over its bytes as they came, then opens it.
    pub fn hear(&self, headers: &Headers, body: &[u8]) -> Result<Told, NoticeError> {
        let signed = Signed {
            timestamp: &headers.timestamp,
            nonce: &headers.nonce,
            signature: &headers.signature,
            serial: &headers.serial,
            scheme: &headers.signature_type,
        };
        let shared = &self.shared;
        signature::verify(&shared.secrets, &signed, body, shared.clock.now())?;
        let notice: Notice =
            serde_json::from_slice(body).map_err(|_| NoticeError::Unreadable("the body is no notice"))?;
        if !notice.event_type.starts_with("MCHTRANSFER.BILL.") {
            return Err(NoticeError::Unreadable("the notice is about something else than a merchant transfer"));
        }
        let opened = envelope::open(&shared.secrets.api_v3_key, &notice.resource);
        let opened = opened.ok_or(NoticeError::Unreadable("the resource does not open with the APIv3 key"))?;
        let bill: Bill = serde_json::from_slice(&opened)
            .map_err(|_| NoticeError::Unreadable("the resource is no merchant transfer"))?;
        let state = TransferState::of_wechat(&bill.state)
            .ok_or(NoticeError::Unreadable("the resource names an unknown state"))?;
        Ok(Told { mch_id: bill.mch_id, out_bill_no: bill.out_bill_no, state, amount_fen: bill.transfer_amount })
    }
}
