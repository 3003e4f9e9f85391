//! Server-sent events: many open streams, a gateway killed, and nothing missed or told twice.
use std::{
    collections::HashMap,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use hemei_tests::{Instance, instance, people, retry, tickets};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

const STREAMS: usize = 2_000;
/// Reports that are filed and claimed meanwhile.
const REPORTS: usize = 60;

/// A gateway process beside that of `hemei up`, and its port.
async fn gateway(suite: &Instance, name: &str) -> Result<(Child, u16)> {
    let log = std::fs::File::create(suite.data.join(format!("log/{name}.log")))?;
    let port = instance::free_port()?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(instance::binary()?).arg("gateway");
    command.arg("--config").arg(suite.data.join("hemei.toml"));
    command
        .env("HEMEI_GATEWAY_LISTEN", format!("127.0.0.1:{port}"))
        .env("HEMEI_GATEWAY_OPS_LISTEN", format!("127.0.0.1:{}", instance::free_port()?))
        .env("HEMEI_GATEWAY_STREAMS_PER_PERSON", "5000")
        .env("HEMEI_SUPERVISED", "1");
    let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("a gateway")?;
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        ensure!(begun.elapsed() < Duration::from_secs(20), "the gateway {name} does not listen");
        sleep(Duration::from_millis(20)).await;
    }
    Ok((child, port))
}

/// What one stream has been told: how often each change of each ticket.
#[derive(Default)]
struct Heard {
    last: String,
    changes: HashMap<(Uuid, i64), usize>,
}

/// Opens a stream and listens until it breaks.
async fn listen(port: u16, token: &str, heard: &Mutex<Heard>, ready: &AtomicUsize) -> Result<()> {
    let last = heard.lock().unwrap().last.clone();
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    // HTTP/1.0: the body comes as it is, without chunks
    let mut request = format!("GET /v1/stream HTTP/1.0\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n");
    if !last.is_empty() {
        request += &format!("last-event-id: {last}\r\n");
    }
    connection.write_all(format!("{request}\r\n").as_bytes()).await?;
    let mut lines = BufReader::new(connection).lines();
    let status = lines.next_line().await?.context("a status")?;
    ensure!(status.contains(" 200 "), "{status}");
    let (mut id, mut kind) = (String::new(), String::new());
    while let Some(line) = lines.next_line().await? {
        if let Some(given) = line.strip_prefix("id: ") {
            id = given.to_owned();
        } else if let Some(given) = line.strip_prefix("event: ") {
            kind = given.to_owned();
        } else if let Some(data) = line.strip_prefix("data: ").filter(|_| kind == "ticket") {
            let data: Value = serde_json::from_str(data)?;
            let ticket = data["ticket_id"].as_str().context("an id")?.parse()?;
            let sequence = data["sequence"].as_i64().context("a sequence")?;
            *heard.lock().unwrap().changes.entry((ticket, sequence)).or_default() += 1;
        } else if line.is_empty() && !id.is_empty() {
            // the end of a block: what it told is told
            heard.lock().unwrap().last = std::mem::take(&mut id);
            if std::mem::take(&mut kind) == "ready" {
                ready.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_streams_resume_at_another_gateway_without_a_gap() {
    let suite = tokio::task::spawn_blocking(|| Instance::start(&[])).await.unwrap().unwrap();
    let client = suite.client();
    let everybody = people::all(&client).await.unwrap();
    let of = |role: &str| everybody.iter().find(|person| person.role == role).cloned().unwrap();
    let (coordinator, liaison) = (of("coordinator"), of("liaison"));
    let session = people::session(&client, &coordinator.phone, None).await.unwrap();
    let token: Arc<str> = session["access_token"].as_str().unwrap().into();
    let ((mut first, first_port), (mut second, second_port)) =
        tokio::try_join!(gateway(&suite, "first"), gateway(&suite, "second")).unwrap();
    let ready = Arc::new(AtomicUsize::new(0));
    let streams: Vec<Arc<Mutex<Heard>>> = (0..STREAMS).map(|_| Arc::default()).collect();
    let listeners = streams.iter().map(|heard| {
        let (heard, token, ready) = (heard.clone(), token.clone(), ready.clone());
        tokio::spawn(async move {
            // the first gateway until it breaks, then the other one; a refused connection is tried again
            while heard.lock().unwrap().last.is_empty() {
                listen(first_port, &token, &heard, &ready).await.ok();
                sleep(Duration::from_millis(100)).await;
            }
            loop {
                listen(second_port, &token, &heard, &ready).await.ok();
                sleep(Duration::from_millis(100)).await;
            }
        })
    });
    let listeners: Vec<_> = listeners.collect();
    wait(Duration::from_secs(150), || ready.load(Ordering::SeqCst) == STREAMS).await.expect("all streams are open");

    let courier = people::sign_in(&client, &of("courier")).await.unwrap();
    let claims = people::sign_in(&client, &liaison).await.unwrap();
    let mut expected = Vec::new();
    for number in 0..REPORTS {
        let id = Uuid::now_v7();
        // a crowd that comes back may cost somebody a 429: clients try again
        let (limit, claim) = (Duration::from_secs(30), format!("/v1/tickets/{id}:claim"));
        let report = tickets::report(id, &liaison);
        retry::post(&courier, "/v1/tickets", &report, limit).await.unwrap().success().unwrap();
        retry::post(&claims, &claim, &json!({}), limit).await.unwrap().success().unwrap();
        expected.extend([(id, 1), (id, 2)]);
        if number == REPORTS / 3 {
            first.kill().unwrap();
            first.wait().unwrap();
        }
    }
    let missing = |heard: &Heard| expected.iter().filter(|change| !heard.changes.contains_key(change)).count();
    let whole = || streams.iter().all(|heard| missing(&heard.lock().unwrap()) == 0);
    let told = wait(Duration::from_secs(150), whole).await;
    let gaps = streams.iter().filter(|heard| missing(&heard.lock().unwrap()) > 0).count();
    assert!(told.is_ok(), "{gaps} of {STREAMS} streams have a gap");
    for heard in &streams {
        let heard = heard.lock().unwrap();
        assert!(expected.iter().all(|change| heard.changes[change] == 1), "nothing is told twice");
    }
    assert!(ready.load(Ordering::SeqCst) >= 2 * STREAMS, "every stream was opened again");
    listeners.iter().for_each(tokio::task::JoinHandle::abort);
    second.kill().unwrap();
    second.wait().unwrap();
}

async fn wait(limit: Duration, mut done: impl FnMut() -> bool) -> Result<()> {
    let all = async {
        while !done() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    Ok(timeout(limit, all).await?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_only_what_its_person_may_follow_and_refuses_what_it_does_not_understand() {
    let suite = tokio::task::spawn_blocking(|| Instance::start(&[])).await.unwrap().unwrap();
    let client = suite.client();
    let everybody = people::all(&client).await.unwrap();
    let home = everybody[0].district_id.clone();
    let of = |role: &str, district: bool| {
        let fits = |person: &&people::Person| person.role == role && (person.district_id == home) == district;
        everybody.iter().find(fits).cloned().unwrap()
    };
    let couriers: Vec<_> = everybody.iter().filter(|one| one.role == "courier" && one.district_id == home).collect();
    let (liaison, abroad) = (of("liaison", true), of("coordinator", false));
    let heard: Vec<(people::Person, Arc<Mutex<Heard>>)> =
        [couriers[0].clone(), couriers[1].clone(), liaison.clone(), abroad].map(|one| (one, Arc::default())).into();
    let ready = Arc::new(AtomicUsize::new(0));
    for (person, heard) in &heard {
        let session = people::session(&client, &person.phone, Some(&person.district_id)).await.unwrap();
        let token = session["access_token"].as_str().unwrap().to_owned();
        let (heard, ready, port) = (heard.clone(), ready.clone(), suite.port);
        tokio::spawn(async move { listen(port, &token, &heard, &ready).await });
    }
    wait(Duration::from_secs(60), || ready.load(Ordering::SeqCst) == heard.len()).await.unwrap();
    let reporter = people::sign_in(&client, couriers[0]).await.unwrap();
    let id = Uuid::now_v7();
    reporter.post("/v1/tickets", &tickets::report(id, &liaison)).await.unwrap().success().unwrap();
    let has = |at: usize| heard[at].1.lock().unwrap().changes.contains_key(&(id, 1));
    wait(Duration::from_secs(60), || has(0) && has(2)).await.expect("the reporter and the street hear of it");
    assert!(!has(1) && !has(3), "another courier and another district do not");
    let wrong =
        [("/v1/stream?state=NOWHERE", 400, "FIELD_INVALID"), ("/v1/stream?last_event_id=x", 400, "FIELD_INVALID")];
    for (path, status, code) in wrong {
        let answer = reporter.get(path).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{path}");
    }
    assert_eq!(client.get("/v1/stream").await.unwrap().code(), "TOKEN_REQUIRED");
    let street = people::sign_in(&client, &liaison).await.unwrap();
    assert_eq!(street.get("/v1/stream?place_path=nowhere").await.unwrap().code(), "PLACE_NOT_ALLOWED");
}
