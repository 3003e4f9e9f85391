//! An award of the demo courier, paid by WeChat: through the gateway, with WeChat's side in the sandbox.
use std::time::Duration;

use hemei_tests::{Client, Instance, people, retry, tickets::Cast};
use serde_json::{Value, json};
use uuid::Uuid;

async fn payout(client: &Client) -> anyhow::Result<Value> {
    let mine = client.get("/v1/payouts:mine").await?.success()?;
    Ok(mine["payouts"].as_array().and_then(|payouts| payouts.last()).cloned().unwrap_or_default())
}

/// Claims the payout, and waits until the member can confirm it; its number at WeChat.
async fn claim(client: &Client, id: &str) -> (Value, String) {
    let code = format!("demo:courier:{}", Uuid::now_v7());
    let body = json!({"method": "WECHAT", "js_code": code});
    for _ in 0..2 {
        let claimed = client.post(&format!("/v1/payouts/{id}:claim"), &body).await.unwrap().success().unwrap();
        assert_eq!(claimed["method"], "WECHAT", "the same claim again answers the same: {claimed}");
    }
    let sent = retry::until("the transfer waits for its member", Duration::from_secs(15), async || {
        let payout = payout(client).await?;
        Ok((payout["wechat"]["state"] == "WAIT_USER_CONFIRM").then_some(payout))
    });
    let sent = sent.await.unwrap();
    let transfers = client.get("/sandbox/wechat/transfers").await.unwrap().success().unwrap();
    let waits = transfers["transfers"].as_array().unwrap().iter().find(|one| one["state"] == "WAIT_USER_CONFIRM");
    (sent, waits.unwrap()["out_bill_no"].as_str().unwrap().to_owned())
}

async fn act(client: &Client, action: &str, body: Value) -> Value {
    client.post(&format!("/sandbox/wechat/{action}"), &body).await.unwrap().success().unwrap()
}

async fn until(client: &Client, state: &str) -> Value {
    let reached = retry::until(state, Duration::from_secs(15), async || {
        let payout = payout(client).await?;
        Ok((payout["state"] == state).then_some(payout))
    });
    reached.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_award_expires_is_claimed_anew_and_is_paid_once() {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let district = people[0].district_id.clone();
    let courier = Cast::find(&client, &district).await.unwrap().as_courier;
    let admin = people.iter().find(|one| one.role == "district_admin" && one.district_id == district).unwrap();
    let admin = people::sign_in(&client, admin).await.unwrap();
    let fund = async || admin.get("/v1/award-fund").await.unwrap().success().unwrap();
    let before = fund().await;
    let offered = payout(&courier).await.unwrap();
    let id = offered["payout_id"].as_str().expect("the demo has an award for the first courier").to_owned();
    let wrong = json!({"method": "WECHAT", "js_code": "of nobody"});
    let refused = courier.post(&format!("/v1/payouts/{id}:claim"), &wrong).await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.json()["fields"][0]["field"].as_str()), (400, Some("js_code")));

    let (sent, first) = claim(&courier, &id).await;
    assert!(!sent["wechat"]["package"].as_str().unwrap().is_empty(), "{sent}");
    assert!(sent["wechat"]["mch_id"].is_string() && sent["wechat"]["confirm_by"].is_string(), "{sent}");
    let listed = admin.get("/v1/payouts?state=SENT").await.unwrap();
    assert!(listed.success().unwrap()["payouts"].as_array().unwrap().iter().any(|one| one["payout_id"] == id.as_str()));
    let package = sent["wechat"]["package"].as_str().unwrap();
    assert!(!String::from_utf8_lossy(&listed.bytes).contains(package), "nobody else sees the package");

    act(&courier, "expire", json!({"out_bill_no": first})).await;
    let back = until(&courier, "READY").await;
    assert!(back["reason"].as_str().unwrap().contains("24 小时"), "{back}");
    let (_, second) = claim(&courier, &id).await;
    assert_ne!(first, second);
    let probe = act(&courier, "notify", json!({"out_bill_no": second, "forged": true})).await;
    assert_eq!(probe["statuses"], json!([401]));
    let old = act(&courier, "notify", json!({"out_bill_no": second, "minutes_old": 6})).await;
    assert_eq!(old["statuses"], json!([401]));
    act(&courier, "confirm", json!({"out_bill_no": second})).await;
    until(&courier, "PAID").await;
    for no in [&first, &second] {
        let again = act(&courier, "notify", json!({"out_bill_no": no, "times": 5})).await;
        assert_eq!(again["statuses"], json!([200, 200, 200, 200, 200]));
    }
    let after = fund().await;
    let fen = |fund: &Value, name: &str| fund[name].as_i64().unwrap_or_default();
    let net = offered["net_fen"].as_i64().unwrap();
    assert_eq!(fen(&after, "paid_fen"), fen(&before, "paid_fen") + net, "{after}");
    assert_eq!(fen(&after, "held_fen"), fen(&before, "held_fen") - net, "{after}");
    assert_eq!(fen(&after, "difference_fen"), 0);
    let forged = courier.post("/v1/wechat/transfers:notify", &json!({"event_type": "MCHTRANSFER.BILL.FINISHED"})).await;
    let forged = forged.unwrap();
    assert_eq!((forged.status.as_u16(), forged.json()["code"].as_str()), (401, Some("FAIL")));
}
