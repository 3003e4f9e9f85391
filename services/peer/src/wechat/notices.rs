//! Notices: signed and sealed as WeChat does it, or wrongly where that is asked for.
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Bill, BillState, WeChat, crypto};

/// Seconds before a notice that was not taken is sent again.
const PAUSES: [u64; 6] = [1, 2, 5, 15, 30, 60];

/// A notice as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Notice {
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Notice {
    /// A header by its lower-case name.
    pub fn header(&self, wanted: &str) -> String {
        self.headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The same with the signature of a probe.
    #[must_use]
    pub fn probing(mut self) -> Self {
        self.set("wechatpay-signature", |signature| format!("WECHATPAY/SIGNTEST/{}", &signature[20..]));
        self
    }

    /// The same with a signature that is not WeChat's.
    #[must_use]
    pub fn forged(mut self) -> Self {
        self.set("wechatpay-signature", |signature| signature.chars().rev().collect::<String>().replace('=', "A"));
        self
    }

    fn set(&mut self, wanted: &str, change: impl Fn(&str) -> String) {
        for (name, value) in &mut self.headers {
            if *name == wanted {
                *value = change(value);
            }
        }
    }
}

impl WeChat {
    /// A notice about a transfer in some state, signed at an instant; none where there is no such transfer.
    pub fn notice(&self, out_bill_no: &str, state: BillState, at: DateTime<Utc>) -> Option<Notice> {
        let bill = self.held().book.bills.get(out_bill_no).cloned()?;
        self.notice_of(Bill { state, ..bill }.told(), at)
    }

    /// A notice that holds anything, signed at an instant.
    pub fn notice_of(&self, resource: Value, at: DateTime<Utc>) -> Option<Notice> {
        let (nonce, ciphertext) = crypto::seal(&resource.to_string(), "mch_payment")?;
        let body = json!({
            "id": format!("{:032x}", rand::random::<u128>()),
            "create_time": at,
            "resource_type": "encrypt-resource",
            "event_type": "MCHTRANSFER.BILL.FINISHED",
            "summary": "商家转账单据终态通知",
            "resource": {
                "original_type": "mch_payment",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": ciphertext,
                "associated_data": "mch_payment",
                "nonce": nonce,
            },
        });
        let body = body.to_string();
        Some(Notice { headers: crypto::sign(&body, at.timestamp()), body })
    }

    /// Sends the notice of a transfer that has ended, again until it is taken.
    pub(super) fn announce(&self, bill: &Bill) {
        let (wechat, bill) = (self.clone(), bill.clone());
        tokio::spawn(async move {
            for pause in PAUSES {
                let notice = wechat.notice(&bill.out_bill_no, bill.state, wechat.clock.now());
                let Some(notice) = notice else { return };
                if wechat.send(&bill, &notice).await.is_none_or(|status| (200..300).contains(&status)) {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
        });
    }

    /// Sends a notice to where the request wants it; the status of the answer, none where it wants no notice, 0 where nobody answers.
    pub(super) async fn send(&self, bill: &Bill, notice: &Notice) -> Option<u16> {
        let address = bill.request["notify_url"].as_str()?;
        let request =
            self.client.post(address).timeout(Duration::from_secs(5)).header("content-type", "application/json");
        let request = notice.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        Some(request.body(notice.body.clone()).send().await.map_or(0, |answer| answer.status().as_u16()))
    }
}
