use chassis::{access::Caller, faults::Fault};
use uuid::Uuid;

use super::payouts::find;
use crate::{
    Finance, Refusal,
    payout::{ACCOUNT, Claim, Method, Payout, PayoutState},
    store::{self, payout::Kept},
    transfer::{CODE, LEAST_FEN, OPENID, TOO_MUCH_FEN},
    wechat::LoginError,
};

/// Keeps how the caller wants to be paid.
pub async fn claim_payout(state: &Finance, caller: &Caller, payout_id: Uuid, claim: &Claim) -> Result<Payout, Fault> {
    let mut read = None;
    let kept = match claim {
        Claim::InPerson => Kept { method: Method::InPerson, ..Kept::default() },
        Claim::Bank { account_name, account_number } => Kept {
            method: Method::Bank,
            account_name: Some(account_name),
            account_sealed: Some(state.vault.seal(ACCOUNT, account_number)),
            ..Kept::default()
        },
        Claim::WeChat { js_code } => match by_wechat(state, caller, payout_id, js_code).await? {
            Wanted::Known(payout) => return Ok(*payout),
            Wanted::New(kept, payout) => {
                // WeChat may have answered late: what was claimed meanwhile is newer
                read = Some(payout);
                kept
            }
        },
    };
    let ids = (caller.district_id, caller.person_id, payout_id);
    let claimed = store::payout::claim(&state.pool, ids, &kept, read.as_deref()).await?;
    let payout = own(state, caller, payout_id).await?;
    if claimed { Ok(payout) } else { Err(Refusal::PayoutMoved { state: payout.state }.into()) }
}

enum Wanted {
    /// The same code claimed it before.
    Known(Box<Payout>),
    /// Instead of what it was when it was read.
    New(Kept<'static>, Box<Payout>),
}

/// The openid of the caller, where the payout can be had so. A code is good once: the same one again is known by its blind index.
async fn by_wechat(state: &Finance, caller: &Caller, payout_id: Uuid, js_code: &str) -> Result<Wanted, Fault> {
    let blinds = state.vault.blinds(CODE, js_code);
    let known = |payout: &Payout| payout.code_blind.as_ref().is_some_and(|blind| blinds.contains(blind));
    let payout = own(state, caller, payout_id).await?;
    if known(&payout) {
        return Ok(Wanted::Known(Box::new(payout)));
    }
    if !matches!(payout.state, PayoutState::Waiting | PayoutState::Ready) {
        return Err(Refusal::PayoutMoved { state: payout.state }.into());
    }
    let wechat = state.wechat.as_ref().ok_or(Refusal::WechatNotConfigured)?;
    if !(LEAST_FEN..TOO_MUCH_FEN).contains(&payout.net_fen) {
        return Err(Refusal::WechatAmount { net_fen: payout.net_fen }.into());
    }
    match wechat.openid(js_code).await {
        Ok(openid) => {
            let kept = Kept {
                method: Method::WeChat,
                openid_sealed: Some(state.vault.seal(OPENID, &openid)),
                code_blind: Some(state.vault.blind(CODE, js_code)),
                ..Kept::default()
            };
            Ok(Wanted::New(kept, Box::new(payout)))
        }
        Err(error) => {
            // somebody's first answer was lost on the way, while it was being kept
            let payout = own(state, caller, payout_id).await?;
            if known(&payout) { Ok(Wanted::Known(Box::new(payout))) } else { Err(refused(error)) }
        }
    }
}

fn refused(error: LoginError) -> Fault {
    match error {
        LoginError::Unknown | LoginError::Used => Refusal::WechatCode(error).into(),
        LoginError::Blocked => Refusal::WechatBlocked.into(),
        LoginError::Busy(_) => Fault::unavailable(error),
        LoginError::Refused(_) => Fault::internal(error),
    }
}

async fn own(state: &Finance, caller: &Caller, payout_id: Uuid) -> Result<Payout, Fault> {
    let payout = find(state, caller, payout_id).await?;
    if payout.person_id == caller.person_id { Ok(payout) } else { Err(Refusal::PayoutNotFound.into()) }
}
