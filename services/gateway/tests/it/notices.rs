use axum::body::Body;
use http::Method;

use crate::harness::{Answer, Gateway};

const PATH: &str = "/v1/wechat/transfers:notify";

fn told(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.headers["content-type"], "application/json");
    (answer.status.as_u16(), answer.json()["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_notice_is_refused_in_the_form_that_wechat_reads() {
    let gateway = Gateway::start(&[]).await;
    let signed = [
        ("wechatpay-timestamp", "1795464000"),
        ("wechatpay-nonce", "abcdef"),
        ("wechatpay-signature", "c2lnbmF0dXJl"),
        ("wechatpay-serial", "PUB_KEY_ID_1"),
    ];
    let send = async |headers: &[(&str, &str)], body: Vec<u8>| {
        told(&gateway.send(Method::POST, PATH, headers, Body::from(body)).await)
    };
    let fail = |status: u16| (status, "FAIL".to_owned());
    for missing in 0..signed.len() {
        let mut headers = signed.to_vec();
        headers.remove(missing);
        assert_eq!(send(&headers, b"{}".to_vec()).await, fail(401), "without {:?}", signed[missing]);
    }
    let long = "A".repeat(1025);
    let headers = [&signed[..3], &[("wechatpay-serial", long.as_str())]].concat();
    assert_eq!(send(&headers, b"{}".to_vec()).await, fail(401));
    assert_eq!(send(&signed, vec![b' '; (64 << 10) + 1]).await, fail(413));
    // finance is down: it is to be sent again, whatever its content type and bytes
    assert_eq!(send(&signed, vec![0xff; 64 << 10]).await, fail(503));
}

#[tokio::test]
async fn a_notice_takes_its_place_among_the_requests_in_work() {
    let full = Gateway::start(&[("HEMEI_MAX_IN_FLIGHT", "0")]).await;
    let signed = ["timestamp", "nonce", "signature", "serial"].map(|name| format!("wechatpay-{name}"));
    let signed: Vec<_> = signed.iter().map(|name| (name.as_str(), "1795464000")).collect();
    let answer = full.send(Method::POST, PATH, &signed, Body::from("{}")).await;
    assert_eq!(told(&answer), (429, "FAIL".to_owned()));
}

#[tokio::test]
async fn the_other_side_of_wechat_exists_in_the_sandbox_only() {
    let bill = "/sandbox/wechat/v3/fund-app/mch-transfer/transfer-bills";
    let real = Gateway::start(&[]).await;
    let sandbox = Gateway::start(&[("HEMEI_MESSAGES", "sandbox")]).await;
    for path in [bill, "/sandbox/wechat/confirm", "/sandbox/wechat/modes"] {
        let missing = real.send(Method::POST, path, &[], Body::empty()).await;
        assert_eq!(missing.problem(), (404, "ROUTE_NOT_FOUND".to_owned()), "{path}");
    }
    let unsigned = sandbox.send(Method::POST, bill, &[], Body::from("{}")).await;
    assert_eq!((unsigned.status.as_u16(), unsigned.json()["code"].as_str()), (401, Some("SIGN_ERROR")));
    assert_eq!(sandbox.get("/sandbox/wechat/transfers").await.json()["transfers"], serde_json::json!([]));
}
