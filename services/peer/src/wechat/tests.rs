use axum::{body::Body, http::Request};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta};
use ring::{rand::SystemRandom, signature::RSA_PKCS1_SHA256};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";

fn wechat() -> WeChat {
    WeChat::new(Clock::stopped(DateTime::from_timestamp(1_795_464_000, 0).unwrap()))
}

fn request() -> Value {
    json!({"appid": keys::APP_ID, "out_bill_no": "a1", "transfer_scene_id": "1000", "openid": "o".repeat(28),
        "transfer_amount": 5_000, "transfer_remark": "奖励", "transfer_scene_report_infos": [{"info_type": "活动名称"}]})
}

/// The merchant's header over a request.
fn authorization(wechat: &WeChat, method: &str, path: &str, body: &str, nonce: &str) -> String {
    let key = keys::merchant().unwrap();
    let timestamp = wechat.clock.now().timestamp();
    let message = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{body}\n");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    let (mch, serial, signature) = (keys::MCH_ID, keys::MERCHANT_SERIAL, STANDARD.encode(signature));
    format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mch}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{serial}\",\
         signature=\"{signature}\""
    )
}

async fn send(wechat: &WeChat, (method, path, body): (&str, &str, &str), authorization: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header("authorization", authorization);
    let answer = router(wechat.clone()).oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn ask(wechat: &WeChat, method: &str, path: &str, body: &str) -> (u16, Value) {
    let nonce = format!("{:032x}", rand::random::<u128>());
    send(wechat, (method, path, body), &authorization(wechat, method, path, body, &nonce)).await
}

#[tokio::test]
async fn the_same_number_is_the_same_transfer_and_never_another() {
    let wechat = wechat();
    let body = request().to_string();
    let (status, first) = ask(&wechat, "POST", BILLS, &body).await;
    assert_eq!((status, first["state"].as_str()), (200, Some("WAIT_USER_CONFIRM")));
    assert_eq!(ask(&wechat, "POST", BILLS, &body).await, (200, first.clone()));
    let mut other = request();
    other["transfer_amount"] = json!(5_001);
    let (status, refused) = ask(&wechat, "POST", BILLS, &other.to_string()).await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("ALREADY_EXISTS")));
    for fen in [9, 200_000] {
        other["out_bill_no"] = json!("a2");
        other["transfer_amount"] = json!(fen);
        assert_eq!(ask(&wechat, "POST", BILLS, &other.to_string()).await.1["code"], "PARAM_ERROR");
    }
    let (_, told) = ask(&wechat, "GET", &format!("{BILLS}/out-bill-no/a1"), "").await;
    assert_eq!((told["transfer_amount"].as_i64(), told.get("package_info")), (Some(5_000), None));
    let (status, missing) = ask(&wechat, "GET", &format!("{BILLS}/out-bill-no/a2"), "").await;
    assert_eq!((status, missing["code"].as_str()), (404, Some("NOT_FOUND")));
    assert_eq!(wechat.bills().len(), 1);
}

#[tokio::test]
async fn a_request_that_is_not_signed_so_is_refused() {
    let wechat = wechat();
    let body = request().to_string();
    let good = authorization(&wechat, "POST", BILLS, &body, "n1");
    let other = body.replace("5000", "5001");
    for (body, header) in [
        (&body, String::new()),
        (&body, good.replace("n1", "n2")),
        (&body, good.replace(keys::MERCHANT_SERIAL, "AA")),
        (&body, good.replace(keys::MCH_ID, "1900000002")),
        (&other, good.clone()),
    ] {
        let (status, refused) = send(&wechat, ("POST", BILLS, body), &header).await;
        assert_eq!((status, refused["code"].as_str()), (401, Some("SIGN_ERROR")), "{header}");
    }
    assert_eq!(send(&wechat, ("POST", BILLS, &body), &good).await.0, 200);
    assert_eq!(send(&wechat, ("POST", BILLS, &body), &good).await.0, 401, "a nonce is good once");
    let old = authorization(&wechat, "POST", BILLS, &body, "n3");
    wechat.clock.advance(TimeDelta::seconds(300));
    assert_eq!(send(&wechat, ("POST", BILLS, &body), &old).await.0, 401, "and for five minutes");
}

#[tokio::test]
async fn what_nobody_confirmed_can_be_cancelled_and_ends_after_a_day() {
    let wechat = wechat();
    let path = |no: &str| format!("{BILLS}/out-bill-no/{no}");
    for (no, end) in [("a1", "CANCELLED"), ("a2", "FAIL"), ("a3", "SUCCESS")] {
        let mut request = request();
        request["out_bill_no"] = json!(no);
        ask(&wechat, "POST", BILLS, &request.to_string()).await;
        match end {
            "CANCELLED" => assert_eq!(ask(&wechat, "POST", &format!("{}/cancel", path(no)), "").await.0, 200),
            "SUCCESS" => drop(wechat.confirm(no)),
            _ => wechat.clock.advance(TimeDelta::hours(24)),
        }
        assert_eq!(ask(&wechat, "GET", &path(no), "").await.1["state"], end);
        let late = wechat.confirm(no).unwrap();
        assert_eq!(late.state == BillState::Success, end == "SUCCESS", "an end stays");
    }
    assert_eq!(ask(&wechat, "GET", &path("a2"), "").await.1["fail_reason"], "OVERDUE_CLOSE");
    let (status, refused) = ask(&wechat, "POST", &format!("{}/cancel", path("a3")), "").await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("INVALID_REQUEST")));
    assert_eq!(ask(&wechat, "POST", &format!("{}/cancel", path("a9")), "").await.0, 404);
}

#[tokio::test]
async fn the_book_is_found_again_after_a_restart() {
    let file = std::env::temp_dir().join(format!("hemei-book-{:032x}.json", rand::random::<u128>()));
    let before = wechat().kept_in(file.clone());
    ask(&before, "POST", BILLS, &request().to_string()).await;
    before.confirm("a1").unwrap();
    let after = wechat().kept_in(file.clone());
    assert_eq!(after.bills().iter().map(|bill| bill.state).collect::<Vec<_>>(), [BillState::Success]);
    std::fs::remove_file(file).unwrap();
}
