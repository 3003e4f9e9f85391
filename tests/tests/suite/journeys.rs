//! The main job, end to end: an icy stairwell becomes gloves.
use std::time::Duration;

use hemei_tests::{Instance, people, retry, tickets, tickets::Cast};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_courier_reports_ice_and_exchanges_the_points_for_gloves() {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let district = people[0].district_id.clone();
    let cast = Cast::find(&client, &district).await.unwrap();
    let before = cast.as_courier.get("/v1/points").await.unwrap().success().unwrap();

    let id = Uuid::now_v7();
    let ticket =
        cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await.unwrap().success().unwrap();
    assert_eq!((ticket["state"].as_str(), ticket["ticket_id"].as_str()), (Some("POOL"), Some(id.to_string().as_str())));
    assert!(ticket["number"].as_str().is_some_and(|number| number.len() > 8), "{ticket}");
    assert!(ticket["claim_by"].as_str().is_some() && ticket["etag"].as_str().is_some(), "{ticket}");
    let pool = cast.as_liaison.get("/v1/tickets?state=POOL&page_size=200").await.unwrap().success().unwrap();
    let listed = pool["tickets"].as_array().unwrap();
    assert!(listed.iter().any(|listed| listed["ticket_id"] == ticket["ticket_id"]), "the liaison sees it");
    assert!(listed.iter().all(|listed| listed["state"] == "POOL"));

    for (step, state) in [
        ("claim", "CLAIMED"),
        ("dispatch", "DISPATCHED"),
        ("accept", "IN_PROGRESS"),
        ("resolve", "FEEDBACK"),
        ("rate", "CLOSED"),
    ] {
        let body = tickets::steps(cast.department()).into_iter().find(|(name, _)| *name == step).unwrap().1;
        let path = format!("/v1/tickets/{id}:{step}");
        let after = tickets::actor(&cast, step).post(&path, &body).await.unwrap().success().unwrap();
        assert_eq!(after["state"], state, "{after}");
    }
    let events = cast.as_courier.get(&format!("/v1/tickets/{id}/events")).await.unwrap().success().unwrap();
    let sequence: Vec<_> =
        events["events"].as_array().unwrap().iter().map(|event| event["transition"].as_str().unwrap()).collect();
    assert_eq!(sequence, ["T1", "T2", "T6", "T9", "T14", "T19"]);

    let gained = before["available"].as_i64().unwrap() + 10;
    retry::until("the points are active", Duration::from_secs(10), async || {
        let points = cast.as_courier.get("/v1/points").await?.success()?;
        Ok((points["available"].as_i64() >= Some(gained)).then_some(()))
    })
    .await
    .unwrap();
    let entries = cast.as_courier.get("/v1/points/entries").await.unwrap().success().unwrap();
    let entry = &entries["entries"][0];
    assert_eq!(entry["ticket_id"], ticket["ticket_id"], "{entries}");
    exchange(&client, &cast, &people).await;
}

/// Earns what is missing for the cheapest prize, redeems it and picks it up.
async fn exchange(client: &hemei_tests::Client, cast: &Cast, people: &[people::Person]) {
    let prizes = cast.as_courier.get("/v1/prizes").await.unwrap().success().unwrap();
    let goods = prizes["prizes"].as_array().unwrap().iter().filter(|prize| prize["kind"] == "GOODS");
    let in_stock = goods.filter(|prize| prize["stock"].as_i64() > Some(1));
    let prize = in_stock.min_by_key(|prize| prize["points"].as_i64()).unwrap().clone();
    let price = prize["points"].as_i64().unwrap();
    let rich = retry::until("enough points for a prize", Duration::from_secs(60), async || {
        let points = cast.as_courier.get("/v1/points").await?.success()?;
        if points["available"].as_i64() >= Some(price) {
            return Ok(Some(points));
        }
        tickets::lifecycle(cast).await?;
        Ok(None)
    });
    let points = rich.await.unwrap();
    let id = Uuid::now_v7();
    let body = json!({"redemption_id": id, "prize_id": prize["prize_id"], "quantity": 1});
    let redemption = cast.as_courier.post("/v1/redemptions", &body).await.unwrap().success().unwrap();
    assert_eq!(redemption["state"], "RESERVED", "{redemption}");
    let code = redemption["code"].as_str().unwrap().to_owned();
    let again = cast.as_courier.post("/v1/redemptions", &body).await.unwrap().success().unwrap();
    assert_eq!(redemption, again);
    let seen = cast.as_courier.get(&format!("/v1/redemptions/{id}")).await.unwrap().success().unwrap();
    assert_eq!((seen["qr_text"].as_str(), &seen), (Some(format!("HEMEI:R:{code}").as_str()), &redemption));
    let held = cast.as_courier.get("/v1/points").await.unwrap().success().unwrap();
    assert_eq!(held["available"].as_i64().unwrap(), points["available"].as_i64().unwrap() - price);

    let mut handed = None;
    for worker in people
        .iter()
        .filter(|person| person.role == "community_worker" && person.district_id == cast.courier.district_id)
    {
        let as_worker = people::sign_in(client, worker).await.unwrap();
        let answer = as_worker.post("/v1/redemptions:hand_over", &json!({"code": seen["qr_text"]})).await.unwrap();
        if answer.status.is_success() {
            let twice =
                as_worker.post("/v1/redemptions:hand_over", &json!({"code": code})).await.unwrap().success().unwrap();
            assert_eq!(twice["state"], "HANDED_OVER");
            let items = json!([{"code": code, "handed_over_at": twice["handed_over_at"]}, {"code": "x"}]);
            let many = as_worker.post("/v1/redemptions:hand_over_many", &json!({"items": items})).await.unwrap();
            let many = many.success().unwrap();
            assert_eq!((&many["outcomes"][0]["redemption"], &many["outcomes"][0]["reason"]), (&twice, &json!("")));
            assert_eq!(many["outcomes"][1]["reason"], "FIELD_INVALID");
            handed = Some(answer.json());
            break;
        }
        assert_eq!(answer.code(), "NOT_YOUR_PICKUP_POINT");
    }
    let handed = handed.expect("a community worker at the pick-up point, among those the sandbox names");
    assert_eq!(
        (handed["state"].as_str(), handed["redemption_id"].as_str()),
        (Some("HANDED_OVER"), Some(id.to_string().as_str()))
    );
    let listed = cast.as_courier.get("/v1/redemptions").await.unwrap().success().unwrap();
    assert_eq!(listed["redemptions"][0]["state"], "HANDED_OVER");
    let late = cast.as_courier.post(&format!("/v1/redemptions/{id}:cancel"), &json!({})).await.unwrap();
    assert_eq!((late.status.as_u16(), late.code().as_str()), (409, "REDEMPTION_ENDED"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_redemption_gives_everything_back() {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let mut rich = None;
    for courier in people::quiet_couriers(&people).skip(5) {
        let me = people::sign_in(&client, courier).await.unwrap();
        let points = me.get("/v1/points").await.unwrap().success().unwrap();
        if points["available"].as_i64() >= Some(30) {
            rich = Some((me, points));
            break;
        }
    }
    let (me, points) = rich.expect("a demo courier with 30 points");
    let prizes = me.get("/v1/prizes").await.unwrap().success().unwrap();
    let fits = |prize: &&Value| {
        let cheap = prize["points"].as_i64() <= points["available"].as_i64();
        prize["kind"] == "GOODS" && prize["stock"].as_i64() > Some(1) && cheap
    };
    let prize = prizes["prizes"].as_array().unwrap().iter().find(fits).unwrap().clone();
    let id = Uuid::now_v7();
    let body = json!({"redemption_id": id, "prize_id": prize["prize_id"], "quantity": 1});
    me.post("/v1/redemptions", &body).await.unwrap().success().unwrap();
    let stranger = people.iter().find(|person| person.role == "resident").unwrap();
    let as_stranger = people::sign_in(&client, stranger).await.unwrap();
    let refused = as_stranger.post(&format!("/v1/redemptions/{id}:cancel"), &json!({})).await.unwrap();
    assert!(matches!(refused.status.as_u16(), 403 | 404), "{}", refused.json());
    for _ in 0..2 {
        let cancelled = me.post(&format!("/v1/redemptions/{id}:cancel"), &json!({})).await.unwrap().success().unwrap();
        assert_eq!(cancelled["state"], "CANCELLED");
    }
    assert_eq!(me.get("/v1/points").await.unwrap().success().unwrap(), points);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_property_office_shows_every_yuan_to_its_residents_only() {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let residents: Vec<_> = people.iter().filter(|person| person.role == "resident").collect();
    let mut shown = 0;
    for manager in people.iter().filter(|person| person.role == "property_manager") {
        let as_manager = people::sign_in(&client, manager).await.unwrap();
        let fund = format!("/v1/funds/{}", manager.place_id);
        let purpose = format!("REPAIR_{}", Uuid::now_v7().simple());
        let entry = |kind: &str, fen: i64| json!({"entry_id": Uuid::now_v7(), "kind": kind, "purpose": purpose, "amount_fen": fen, "text": "更换楼道灯"});
        as_manager.post(&format!("{fund}/entries"), &entry("INCOME", 10_000)).await.unwrap().success().unwrap();
        let refused = as_manager.post(&format!("{fund}/entries"), &entry("SPENDING", 10_001)).await.unwrap();
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "FUNDS_INSUFFICIENT"));
        let spending = entry("SPENDING", 4_000);
        let spent = as_manager.post(&format!("{fund}/entries"), &spending).await.unwrap().success().unwrap();
        let again = as_manager.post(&format!("{fund}/entries"), &spending).await.unwrap().success().unwrap();
        assert_eq!((spent["balance_after_fen"].as_i64(), &spent["entry_id"]), (Some(6_000), &again["entry_id"]));
        for resident in residents.iter().take(3) {
            let as_resident = people::sign_in(&client, resident).await.unwrap();
            let answer = as_resident.get(&fund).await.unwrap();
            if answer.status.is_success() {
                let purposes = answer.json()["purposes"].as_array().unwrap().clone();
                let sum: i64 = purposes.iter().map(|purpose| purpose["balance_fen"].as_i64().unwrap()).sum();
                assert_eq!(answer.json()["balance_fen"].as_i64(), Some(sum));
                let entries = as_resident.get(&format!("{fund}/entries")).await.unwrap().success().unwrap();
                assert!(
                    entries["entries"].as_array().unwrap().iter().any(|entry| entry["entry_id"] == spent["entry_id"])
                );
                shown += 1;
            } else {
                assert!(matches!(answer.status.as_u16(), 403 | 404), "{}", answer.json());
            }
        }
    }
    assert!(shown > 0, "a demo resident lives where a demo property manager works");
}
