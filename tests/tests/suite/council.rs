//! A matter that cannot be solved now, as clients see it: departments state their view, it is put off, and a council takes it up again.
use std::time::Duration;

use hemei_tests::{Instance, people, retry, tickets, tickets::Cast};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_can_solve_now_comes_before_a_council() {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let cast = Cast::find(&client, &people[0].district_id).await.unwrap();
    let of = |role: &str| people.iter().find(|one| one.role == role && one.district_id == cast.courier.district_id);
    let coordinator = people::sign_in(&client, of("coordinator").unwrap()).await.unwrap();
    let id = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await.unwrap().success().unwrap();
    let ask = async |client: &hemei_tests::Client, verb: &str, body: Value| {
        client.post(&format!("/v1/tickets/{id}:{verb}"), &body).await.unwrap().success().unwrap()
    };
    ask(&cast.as_liaison, "claim", json!({})).await;
    ask(&cast.as_liaison, "unclear", json!({"reason": "职责交叉"})).await;
    let until = "2099-01-01T00:00:00+08:00";
    let invited = json!({"department_ids": [cast.department()], "text": "是否属贵单位职责", "until": until});
    let far = coordinator.post(&format!("/v1/tickets/{id}:invite"), &invited).await.unwrap();
    assert_eq!((far.status.as_u16(), far.code().as_str()), (400, "OUT_OF_BOUNDS"));
    let invited = json!({"department_ids": [cast.department()], "text": "是否属贵单位职责"});
    let ticket = ask(&coordinator, "invite", invited).await;
    assert_eq!(
        (&ticket["state"], &ticket["invitations"][0]["department_id"]),
        (&json!("COORDINATION"), &json!(cast.department()))
    );
    let queue = cast.as_handler.get("/v1/queue?state=COORDINATION&page_size=200").await.unwrap().success().unwrap();
    assert!(queue["tickets"].as_array().unwrap().iter().any(|one| one["ticket_id"] == json!(id)), "the handler has it");
    let stated = ask(&cast.as_handler, "state", json!({"text": "属市政管网"})).await;
    assert!(stated["invitations"][0]["stated_at"].is_string(), "{stated}");

    let review_at = stated["promised_by"].clone();
    let put_off = ask(&coordinator, "put_off", json!({"reason": "管网改造尚未立项", "review_at": review_at})).await;
    assert_eq!((&put_off["state"], &put_off["invitations"]), (&json!("CLOSED_NOFIX"), &json!([])));
    let item = item(&coordinator, id, "OPEN").await;
    assert_eq!((&item["reason"], &item["due"]), (&json!("管网改造尚未立项"), &json!(false)));
    let held_on = chassis::clock::Clock::System.today();
    let resolution = json!({"decision": "REOPEN", "text": "列入本月计划", "held_on": held_on});
    let reopened = ask(&coordinator, "record_resolution", json!({"resolution": resolution})).await;
    assert_eq!(reopened["council_resolution"]["decision"], "REOPEN", "{reopened}");
    let again = ask(&coordinator, "record_resolution", json!({"resolution": resolution})).await;
    assert_eq!((&again["state"], &again["etag"]), (&json!("COORDINATION"), &reopened["etag"]));
    assert_eq!(self::item(&coordinator, id, "RESOLVED").await["resolution"]["text"], "列入本月计划");
    let strikes = cast.as_courier.get("/v1/strikes").await.unwrap().success().unwrap();
    assert_eq!(strikes["strikes"], json!([]));
}

/// The agenda item of a ticket, once it stands like this.
async fn item(coordinator: &hemei_tests::Client, id: Uuid, state: &str) -> Value {
    let path = format!("/v1/agenda-items?state={state}&page_size=200");
    retry::until("the agenda follows", Duration::from_secs(10), async || {
        let listed = coordinator.get(&path).await?.success()?;
        Ok(listed["items"]
            .as_array()
            .and_then(|items| items.iter().find(|item| item["ticket_id"] == json!(id)).cloned()))
    })
    .await
    .unwrap()
}
