//! Merchant transfers: asked for, and asked about, under one number.
use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use super::{
    WeChat, WeChatSettings,
    signature::{self, Request, Signed},
    told,
};
use crate::transfer::{Candidate, TransferState};

const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";

/// A transfer as WeChat has it.
#[derive(Clone, Debug)]
pub struct Bill {
    pub state: TransferState,
    pub transfer_bill_no: String,
    /// Named when it is asked about.
    pub amount_fen: Option<i64>,
    pub mch_id: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub fail_reason: String,
    /// Named when it is asked for, and waits for its member.
    pub package: Option<String>,
}

/// Why there is no bill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may have been taken, or not.
    #[error("unsure: {0}")]
    Unsure(String),
    /// WeChat signs that it has none of this number.
    #[error("not found")]
    NotFound,
    /// WeChat signs that it takes no such request.
    #[error("refused: {0}")]
    Refused(String),
    /// Not now: a limit, a right that is missing, a signature it does not take.
    #[error("later: {0}")]
    Later(String),
}

pub type Answer = Result<Bill, Failure>;

#[derive(Deserialize)]
struct Body {
    out_bill_no: String,
    #[serde(default)]
    transfer_bill_no: String,
    state: String,
    #[serde(default)]
    fail_reason: String,
    create_time: Option<DateTime<Utc>>,
    package_info: Option<String>,
    transfer_amount: Option<i64>,
    mch_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: String,
}

impl WeChat {
    /// The request for a transfer, as it is kept and sent every time.
    pub fn request(&self, payout: &Candidate, openid: &str) -> String {
        let settings = &self.shared.settings;
        let remark = format!("{} 月度之星第{}名奖励", payout.month, payout.rank);
        let mut body = json!({
            "appid": settings.wechat_app_id,
            "out_bill_no": payout.out_bill_no,
            "transfer_scene_id": settings.wechat_transfer_scene_id,
            "openid": openid,
            "transfer_amount": payout.net_fen,
            "transfer_remark": remark.chars().take(32).collect::<String>(),
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": settings.wechat_activity},
                {"info_type": "奖励说明", "info_content": settings.wechat_award_note},
            ],
        });
        for (name, value) in
            [("user_recv_perception", &settings.wechat_perception), ("notify_url", &settings.wechat_notify_url)]
        {
            if !value.is_empty() {
                body[name] = json!(value);
            }
        }
        body.to_string()
    }

    /// Asks for a transfer. The same request under the same number makes no second one.
    pub async fn transfer(&self, out_bill_no: &str, request: &str) -> Answer {
        self.call("POST", BILLS, request, out_bill_no).await
    }

    /// Asks about a transfer.
    pub async fn find(&self, out_bill_no: &str) -> Answer {
        self.call("GET", &format!("{BILLS}/out-bill-no/{out_bill_no}"), "", out_bill_no).await
    }

    /// Asks for a transfer to be taken back.
    pub async fn cancel(&self, out_bill_no: &str) -> Answer {
        self.call("POST", &format!("{BILLS}/out-bill-no/{out_bill_no}/cancel"), "", out_bill_no).await
    }

    async fn call(&self, method: &str, path: &str, body: &str, out_bill_no: &str) -> Answer {
        let (settings, secrets) = (&self.shared.settings, &self.shared.secrets);
        let signed = Request { method, path, body };
        let nonce = format!("{:032x}", rand::random::<u128>());
        let now = self.shared.clock.now();
        let authorization = signature::authorization(secrets, &settings.wechat_mch_id, &signed, (now, &nonce));
        let authorization = authorization.map_err(|_| Failure::Later("not signed".to_owned()))?;
        let address = WeChatSettings::at(&settings.wechat_pay_address, path);
        let client = &self.shared.client;
        let request = if method == "GET" { client.get(address) } else { client.post(address).body(body.to_owned()) };
        let request = request
            .header("authorization", authorization)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("user-agent", concat!("hemei/", env!("CARGO_PKG_VERSION")));
        let unsure = |error: reqwest::Error| Failure::Unsure(told(&error).to_owned());
        let answer = request.send().await.map_err(unsure)?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.map_err(unsure)?;
        self.read(status, &headers, &bytes, out_bill_no)
    }

    /// What an answer says, where it is signed; what is not can be true or not.
    fn read(&self, status: u16, headers: &HeaderMap, bytes: &[u8], out_bill_no: &str) -> Answer {
        if status >= 500 {
            return Err(Failure::Unsure(format!("status {status}")));
        }
        let verified = signature::verify(&self.shared.secrets, &signed(headers), bytes, self.shared.clock.now());
        let is_success = (200..300).contains(&status);
        if let Err(unsigned) = verified {
            metrics::counter!("wechat_answers_unsigned_total").increment(1);
            let why = format!("status {status}, {unsigned}");
            return Err(if is_success { Failure::Unsure(why) } else { Failure::Later(why) });
        }
        if is_success {
            return bill(bytes, out_bill_no);
        }
        let code = serde_json::from_slice::<Refusal>(bytes).unwrap_or_default().code;
        let code: String =
            code.chars().filter(|letter| letter.is_ascii_uppercase() || *letter == '_').take(64).collect();
        Err(match (status, code.as_str()) {
            (404, "NOT_FOUND") => Failure::NotFound,
            // INVALID_REQUEST is said of limits and missing rights too, which pass
            (400, "PARAM_ERROR") => Failure::Refused(code),
            _ => Failure::Later(code),
        })
    }
}

fn bill(bytes: &[u8], out_bill_no: &str) -> Answer {
    let unsure = |why: &str| Failure::Unsure(why.to_owned());
    let body: Body = serde_json::from_slice(bytes).map_err(|_| unsure("its answer cannot be read"))?;
    if body.out_bill_no != out_bill_no {
        return Err(unsure("its answer is about another transfer"));
    }
    let state = TransferState::of_wechat(&body.state).ok_or_else(|| unsure("its answer names an unknown state"))?;
    Ok(Bill {
        state,
        transfer_bill_no: body.transfer_bill_no,
        amount_fen: body.transfer_amount,
        mch_id: body.mch_id,
        created_at: body.create_time,
        fail_reason: body.fail_reason,
        package: body.package_info.filter(|package| !package.is_empty()),
    })
}

/// What stands beside an answer.
fn signed(headers: &HeaderMap) -> Signed<'_> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Signed {
        timestamp: header("wechatpay-timestamp"),
        nonce: header("wechatpay-nonce"),
        signature: header("wechatpay-signature"),
        serial: header("wechatpay-serial"),
        scheme: header("wechatpay-signature-type"),
    }
}
