//! `hemei events`.
use std::path::Path;

use anyhow::Result;
use prost::{Message, Name};
use proto::{events::v1::Event, residents::v1::PersonChanged};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::launch::{Up, hemei};

/// The exit code and all that was told.
fn events(verb: &str, data: &Path) -> Result<(Option<i32>, String)> {
    let answer = hemei().args(["events", verb, "--data"]).arg(data).output()?;
    let told = [answer.stdout, answer.stderr].concat();
    Ok((answer.status.code(), String::from_utf8(told)?))
}

/// What finance could not apply: a letter of the residents service about a person.
async fn bury(connection: &mut PgConnection, number: i64, person: Uuid, payload: Vec<u8>) -> Result<()> {
    let (district_id, subject_id) = (Uuid::now_v7().to_string(), person.to_string());
    let event = Event { district_id, subject_id, r#type: PersonChanged::full_name(), payload, ..Event::default() };
    let statement = "insert into finance.dead_letter (producer, tx, event_id, subject_id, event, reason) \
                     values ('residents', 1, $1, $2, $3, 'planted')";
    let query = sqlx::query(statement).bind(number).bind(person).bind(event.encode_to_vec());
    query.execute(connection).await?;
    Ok(())
}

#[test]
fn a_dead_letter_is_listed_and_applied_once_it_can_be() {
    let up = Up::start("events").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = up.record().unwrap()["database_url"].as_str().unwrap().to_owned();
    let (good, bad) = (Uuid::now_v7(), Uuid::now_v7());
    let mut connection = runtime.block_on(PgConnection::connect(&url)).unwrap();
    runtime.block_on(async {
        let changed = PersonChanged { person_id: good.to_string(), name: "李秀英".to_owned() };
        bury(&mut connection, 1, good, changed.encode_to_vec()).await.unwrap();
        bury(&mut connection, 2, bad, b"no message".to_vec()).await.unwrap();
    });

    let (code, listed) = events("list", &up.data).unwrap();
    assert_eq!(code, Some(0), "{listed}");
    for (number, person) in [(1, good), (2, bad)] {
        assert!(listed.contains(&format!("finance ← residents  1/{number}  {person}  planted")), "{listed}");
    }
    let (_, replayed) = events("replay", &up.data).unwrap();
    assert!(replayed.contains("finance ← residents: 补做 1 条 / 1 applied"), "{replayed}");
    assert!(replayed.contains("tickets ← tickets.notices: 补做 0 条"), "{replayed}");
    let (_, left) = events("list", &up.data).unwrap();
    assert!(left.contains(&bad.to_string()) && !left.contains(&good.to_string()), "{left}");
    let name = sqlx::query_scalar("select name from finance.person where person_id = $1").bind(good);
    let name: String = runtime.block_on(name.fetch_one(&mut connection)).unwrap();
    assert_eq!(name, "李秀英");
}

#[test]
fn without_a_suite_it_says_which_settings_it_looked_for() {
    let data = std::env::temp_dir().join(format!("hemei-events-{}", Uuid::now_v7()));
    let (code, told) = events("list", &data).unwrap();
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains(&data.join("hemei.toml").display().to_string()) && told.contains("--data DIR"), "{told}");
}
