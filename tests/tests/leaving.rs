//! `kill -9` of those whose words and money leave the building, between the written try and its answer.
use std::time::Duration;

use anyhow::Result;
use hemei_tests::{
    Client, Instance, people, retry,
    tickets::{self, Cast},
};
use serde_json::{Value, json};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);

/// An answer may be missing while something is dead.
async fn until(what: &str, client: &Client, path: &str, check: impl Fn(&Value) -> bool) -> Result<Value> {
    retry::until(what, PATIENCE, async || {
        let answer = match client.get(path).await {
            Ok(answer) if answer.status.is_success() => answer.json(),
            _ => return Ok(None),
        };
        Ok(check(&answer).then_some(answer))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_payer_and_a_killed_gateway_pay_an_award_once() {
    let instance = Instance::start(&[]).unwrap();
    let client = instance.client();
    let people = people::all(&client).await.unwrap();
    let courier = Cast::find(&client, &people[0].district_id).await.unwrap().as_courier;
    let (mine, transfers) = ("/v1/payouts:mine", "/sandbox/wechat/transfers");
    let offered = courier.get(mine).await.unwrap().success().unwrap();
    let id = offered["payouts"][0]["payout_id"].as_str().unwrap();

    // WeChat keeps the transfer and does not answer; then the one who asked is dead
    let mode = json!({"call": "CREATE", "mode": "SILENT", "times": 1});
    client.post("/sandbox/wechat/modes", &mode).await.unwrap().success().unwrap();
    let body = json!({"method": "WECHAT", "js_code": "demo:courier"});
    courier.post(&format!("/v1/payouts/{id}:claim"), &body).await.unwrap().success().unwrap();
    let one = |answer: &Value| answer["transfers"].as_array().is_some_and(|transfers| transfers.len() == 1);
    until("WeChat has the transfer", &client, transfers, one).await.unwrap();
    instance.kill("finance").unwrap();
    let tried = |answer: &Value| answer["payouts"][0]["wechat"]["state"] == "TRIED";
    until("the try was written first", &courier, mine, tried).await.unwrap();

    let waits = |answer: &Value| {
        let wechat = &answer["payouts"][0]["wechat"];
        wechat["state"] == "WAIT_USER_CONFIRM" && !wechat["package"].as_str().unwrap_or_default().is_empty()
    };
    until("another finds out", &courier, mine, waits).await.unwrap();
    instance.kill("gateway").unwrap();
    let kept = until("the sandbox remembers", &client, transfers, one).await.unwrap();
    let which = json!({"out_bill_no": kept["transfers"][0]["out_bill_no"]});
    client.post("/sandbox/wechat/confirm", &which).await.unwrap().success().unwrap();
    instance.kill("finance").unwrap();
    let paid = |answer: &Value| answer["payouts"][0]["state"] == "PAID";
    until("it is paid", &courier, mine, paid).await.unwrap();
    let at_the_end = client.get(transfers).await.unwrap().success().unwrap();
    assert!(one(&at_the_end) && at_the_end["transfers"][0]["state"] == "SUCCESS", "{at_the_end}");
    let admin = people.iter().find(|one| one.role == "district_admin" && one.district_id == people[0].district_id);
    let admin = people::sign_in(&client, admin.unwrap()).await.unwrap();
    let fund = admin.get("/v1/award-fund").await.unwrap().success().unwrap();
    let fen = &offered["payouts"][0]["net_fen"];
    assert_eq!((&fund["paid_fen"], &fund["difference_fen"], &fund["held_fen"]), (fen, &json!(0), &json!(0)), "{fund}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_sender_loses_no_line_to_a_group_and_says_what_may_be_there_twice() {
    let instance = Instance::start(&[]).unwrap();
    let client = instance.client();
    let people = people::all(&client).await.unwrap();
    let cast = Cast::find(&client, &people[0].district_id).await.unwrap();
    let admin = people.iter().find(|one| one.role == "district_admin" && one.district_id == people[0].district_id);
    let admin = people::sign_in(&client, admin.unwrap()).await.unwrap();
    let robot = "robot-that-falls-silent";
    let street = |answer: &Value| {
        let of = |one: &&Value| one["tier"] == "SUBDISTRICT" && one["place_id"] == cast.liaison.place_id.as_str();
        answer["channels"].as_array().and_then(|channels| channels.iter().find(of)).cloned().unwrap_or_default()
    };
    let channels = "/v1/channels?page_size=200";
    let own = street(&admin.get(channels).await.unwrap().success().unwrap());
    let channel = json!({"channel_id": own["channel_id"], "tier": "SUBDISTRICT", "place_id": cast.liaison.place_id,
        "name": own["name"], "robot_key": robot});
    admin.post("/v1/channels", &channel).await.unwrap().success().unwrap();
    let settled = |answer: &Value| street(answer)["waiting"].as_i64() == Some(0);
    until("what waited for a robot is told", &admin, channels, settled).await.unwrap();

    // the group has the first line, nobody is told so, and then who sent it is dead; the rest comes meanwhile
    let mode = json!({"key": robot, "mode": "SILENT", "times": 1});
    client.post("/sandbox/wecom/modes", &mode).await.unwrap().success().unwrap();
    let mut numbers = Vec::new();
    for _ in 0..12 {
        let body = tickets::report(Uuid::now_v7(), &cast.courier);
        let told = retry::post(&cast.as_courier, "/v1/tickets", &body, PATIENCE).await.unwrap().success().unwrap();
        numbers.push(told["number"].as_str().unwrap().to_owned());
    }
    let said = |answer: &Value| {
        let contents = answer["messages"].as_array().into_iter().flatten();
        contents.filter_map(|one| one["content"].as_str()).collect::<Vec<_>>().join("\n")
    };
    let messages = "/sandbox/wecom/messages";
    until("the group has the first", &client, messages, |answer| said(answer).contains(numbers[0].as_str()))
        .await
        .unwrap();
    instance.kill("tickets").unwrap();
    let all = |answer: &Value| numbers.iter().all(|number| said(answer).contains(number.as_str()));
    // they may all be there while the first message is still without its answer: read what was told when nothing waits
    let channel = street(&until("all is settled", &admin, channels, settled).await.unwrap());
    let told = said(&until("every line is there", &client, messages, all).await.unwrap());
    let twice = numbers.iter().filter(|number| told.matches(number.as_str()).count() > 1).count();
    assert!(twice >= 1, "what was in the air is sent again: {told}");
    assert!(channel["maybe_twice"].as_u64().unwrap() >= twice as u64, "and recorded as such: {channel}");
    assert_eq!(channel["dead"].as_i64().unwrap_or(0), 0, "{channel}");
}
