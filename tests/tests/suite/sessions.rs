//! Signing in and out, as the apps do it.
use std::time::Duration;

use hemei_tests::{Instance, people, retry};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_refreshed_and_ended_everywhere() {
    let client = Instance::shared().client();
    let phone = "19955550001";
    let session = people::session(&client, phone, None).await.unwrap();
    assert!(session["expires_at"].is_string() && session["person"]["person_id"].is_string(), "{session}");
    let me = client.with_token(session["access_token"].as_str().unwrap());
    let person = me.get("/v1/me").await.unwrap().success().unwrap();
    assert_eq!(person["person_id"], session["person"]["person_id"]);
    assert!(!person.to_string().contains(phone), "the phone is masked: {person}");
    let body = json!({"refresh_token": session["refresh_token"]});
    let refreshed = client.post("/v1/sessions:refresh", &body).await.unwrap().success().unwrap();
    let lost_answer = client.post("/v1/sessions:refresh", &body).await.unwrap();
    assert!(lost_answer.status.is_success(), "the token before stays good for a minute");
    let me = client.with_token(refreshed["access_token"].as_str().unwrap());
    me.post("/v1/sessions:sign_out", &json!({"everywhere": true})).await.unwrap().success().unwrap();
    retry::until("the access token is cut", Duration::from_secs(5), async || {
        Ok((me.get("/v1/me").await?.status.as_u16() == 401).then_some(()))
    })
    .await
    .unwrap();
    let ended =
        client.post("/v1/sessions:refresh", &json!({"refresh_token": refreshed["refresh_token"]})).await.unwrap();
    assert_eq!(ended.status.as_u16(), 401, "{}", ended.json());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_works_once_and_only_with_its_phone() {
    let client = Instance::shared().client();
    let phone = "19955550002";
    client.post("/v1/session-codes", &json!({"phone": phone})).await.unwrap().success().unwrap();
    let code = people::code(&client, phone).await.unwrap();
    let other = client.post("/v1/sessions", &json!({"phone": "19955550003", "code": code})).await.unwrap();
    assert_eq!(other.code(), "CODE_WRONG");
    client.post("/v1/sessions", &json!({"phone": phone, "code": code})).await.unwrap().success().unwrap();
    let again = client.post("/v1/sessions", &json!({"phone": phone, "code": code})).await.unwrap();
    assert_eq!(again.code(), "CODE_WRONG");
}
