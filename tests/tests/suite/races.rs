//! Many callers at once: one wins, the others hear who did.
use std::time::Duration;

use futures::future::join_all;
use hemei_tests::{Instance, people, retry, tickets, tickets::Cast};
use serde_json::json;
use uuid::Uuid;

async fn cast() -> Cast {
    let client = Instance::shared().client();
    let district = people::all(&client).await.unwrap()[0].district_id.clone();
    Cast::find(&client, &district).await.unwrap()
}

/// Appoints liaisons of the same street until there are this many, each signed in.
async fn liaisons(cast: &Cast, count: usize) -> Vec<hemei_tests::Client> {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let admin = people
        .iter()
        .find(|person| person.role == "district_admin" && person.district_id == cast.liaison.district_id)
        .unwrap();
    let as_admin = people::sign_in(&client, admin).await.unwrap();
    let mut signed_in = Vec::new();
    for number in 0..count {
        let phone = format!("199888{number:05}");
        let body = json!({"post_id": Uuid::now_v7(), "phone": phone, "name": format!("联络员{number}"), "role": "liaison", "place_id": cast.liaison.place_id});
        as_admin.post("/v1/posts", &body).await.unwrap().success().unwrap();
        let session = people::session(&client, &phone, None).await.unwrap();
        signed_in.push(client.with_token(session["access_token"].as_str().unwrap()));
    }
    signed_in
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_of_fifty_liaisons_gets_the_ticket() {
    let cast = cast().await;
    let callers = liaisons(&cast, 50).await;
    let id = Uuid::now_v7();
    cast.as_courier.post("/v1/tickets", &tickets::report(id, &cast.courier)).await.unwrap().success().unwrap();
    let path = format!("/v1/tickets/{id}:claim");
    let body = json!({});
    let answers = join_all(callers.iter().map(|caller| caller.post(&path, &body))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
    for refused in answers.iter().filter(|answer| !answer.status.is_success()) {
        let body = refused.json();
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "ALREADY_CLAIMED"), "{body}");
        let message = body["message"].as_str().unwrap();
        assert!(message.contains("联络员") && message.contains("20"), "says who and when: {message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_report_sent_twenty_times_is_one_ticket() {
    let cast = cast().await;
    let id = Uuid::now_v7();
    let body = tickets::report(id, &cast.courier);
    let answers = join_all((0..20).map(|_| cast.as_courier.post("/v1/tickets", &body))).await;
    let bodies: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().success().unwrap()).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "identical answers");
    let events = cast.as_courier.get(&format!("/v1/tickets/{id}/events")).await.unwrap().success().unwrap();
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
    let mut other = body.clone();
    other["text"] = json!("别的内容");
    let refused = cast.as_courier.post("/v1/tickets", &other).await.unwrap();
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "ID_REUSED"));
}

/// However often it was sent and claimed, there is one award for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_sent_twenty_times_earns_once() {
    let cast = cast().await;
    let id = Uuid::now_v7();
    let body = tickets::report(id, &cast.courier);
    join_all((0..20).map(|_| cast.as_courier.post("/v1/tickets", &body))).await;
    let (path, empty) = (format!("/v1/tickets/{id}:claim"), json!({}));
    let claims = join_all((0..20).map(|_| cast.as_liaison.post(&path, &empty))).await;
    assert!(
        claims.into_iter().all(|claim| claim.unwrap().status.is_success()),
        "the same person claims the same again"
    );
    let awards = async || {
        let entries = cast.as_courier.get("/v1/points/entries?page_size=200").await?.success()?;
        let own =
            entries["entries"].as_array().unwrap().iter().filter(|entry| entry["ticket_id"] == id.to_string().as_str());
        Ok(Some(own.count()).filter(|count| *count > 0))
    };
    let first = retry::until("the award", Duration::from_secs(10), awards).await.unwrap();
    assert_eq!(first, 1);
    // Whatever else was told of it has been heard once a later ticket's award is there.
    let later = tickets::lifecycle(&cast).await.unwrap();
    let heard = async || {
        let entries = cast.as_courier.get("/v1/points/entries?page_size=200").await?.success()?;
        let entries = entries["entries"].as_array().unwrap().clone();
        let later = entries.iter().any(|entry| entry["ticket_id"] == later["ticket_id"]);
        Ok(later.then(|| entries.iter().filter(|entry| entry["ticket_id"] == id.to_string().as_str()).count()))
    };
    assert_eq!(retry::until("the later award", Duration::from_secs(10), heard).await.unwrap(), 1);
}

/// Puts one piece of a new prize for a single point on offer, as an operator does.
async fn last_piece(courier: &people::Person, me: &hemei_tests::Client) -> serde_json::Value {
    let instance = Instance::shared();
    let top = me.get("/v1/places").await.unwrap().success().unwrap()["places"][0]["path"].as_str().unwrap().to_owned();
    let name = format!("最后一件 {}", courier.person_id);
    let file = instance.data.join("log/last-piece.csv");
    std::fs::write(&file, format!("name,points,stock,pickup_place_path,hold_hours\n{name},1,1,{top},24\n")).unwrap();
    let mut import = std::process::Command::new(hemei_tests::instance::binary().unwrap());
    import.args(["import", "prizes"]).arg(&file).args(["--district", &top]).arg("--data").arg(&instance.data);
    let output = import.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let prizes = me.get("/v1/prizes?page_size=200").await.unwrap().success().unwrap();
    prizes["prizes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|prize| prize["name"] == name.as_str())
        .expect("it is on offer")
        .clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_of_fifty_redemptions_gets_the_last_prize() {
    let client = Instance::shared().client();
    let people = people::all(&client).await.unwrap();
    let mut rich = None;
    for courier in people::quiet_couriers(&people).take(5) {
        let me = people::sign_in(&client, courier).await.unwrap();
        let points = me.get("/v1/points").await.unwrap().success().unwrap();
        if points["available"].as_i64() > Some(1) {
            rich = Some((courier, me, points["available"].as_i64().unwrap()));
            break;
        }
    }
    let (courier, me, points) = rich.expect("a demo courier with two points");
    let prize_id = last_piece(courier, &me).await["prize_id"].clone();
    let bodies: Vec<_> =
        (0..50).map(|_| json!({"redemption_id": Uuid::now_v7(), "prize_id": prize_id, "quantity": 1})).collect();
    let answers = join_all(bodies.iter().map(|body| me.post("/v1/redemptions", body))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let won: Vec<_> = answers.iter().filter(|answer| answer.status.is_success()).collect();
    assert_eq!(won.len(), 1);
    for refused in answers.iter().filter(|answer| !answer.status.is_success()) {
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "OUT_OF_STOCK"), "{}", refused.json());
    }
    let left = me.get("/v1/points").await.unwrap().success().unwrap();
    assert_eq!(left["available"].as_i64(), Some(points - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_reads_what_it_wrote() {
    const TIMES: usize = 1_000;
    const AT_ONCE: usize = 8;
    let cast = std::sync::Arc::new(cast().await);
    let readers = (0..AT_ONCE).map(|_| {
        let cast = cast.clone();
        tokio::spawn(async move {
            for _ in 0..TIMES / AT_ONCE {
                let id = Uuid::now_v7();
                let path = format!("/v1/tickets/{id}");
                let report = tickets::report(id, &cast.courier);
                cast.as_courier.post("/v1/tickets", &report).await.unwrap().success().unwrap();
                cast.as_liaison.post(&format!("{path}:claim"), &json!({})).await.unwrap().success().unwrap();
                let body = json!({"department_id": cast.department()});
                let sent = cast.as_liaison.post(&format!("{path}:dispatch"), &body).await.unwrap().success().unwrap();
                let read = cast.as_courier.get(&path).await.unwrap().success().unwrap();
                assert_eq!((read["state"].as_str(), &read["etag"]), (Some("DISPATCHED"), &sent["etag"]));
            }
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await.unwrap();
    }
}
