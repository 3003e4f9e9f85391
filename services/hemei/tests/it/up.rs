//! `hemei up`.
use std::{fs, net::TcpListener, time::Duration};

use rustix::process::Signal;
use sqlx::{Connection, PgConnection};

use crate::launch::{Up, alive, free_port, hemei, signal, wait};

const BACK_WITHIN: Duration = Duration::from_secs(10);

fn gone(pids: &[(String, i32)]) -> Option<()> {
    pids.iter().all(|(_, pid)| !alive(*pid)).then_some(())
}

#[test]
fn a_second_up_says_what_runs_and_where() {
    let up = Up::start("second").unwrap();
    let second = up.second(&[]).unwrap();
    let told = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(second.status.success(), "{told}");
    assert!(told.contains(&format!("http://127.0.0.1:{}", up.port)) && told.contains(&up.pid().to_string()), "{told}");
    assert!(up.serves() && up.told().contains("/setup/?token="), "{}", up.told());
    let fresh = up.second(&["--fresh"]).unwrap();
    assert!(!fresh.status.success() && up.serves(), "{}", String::from_utf8_lossy(&fresh.stdout));
}

#[test]
fn every_child_that_dies_is_back_within_ten_seconds() {
    let up = Up::start("restart").unwrap();
    for (name, pid) in up.children().unwrap() {
        signal(pid, Signal::KILL).unwrap();
        let back = || up.record().ok()?["pids"][&name].as_i64().filter(|now| *now != i64::from(pid));
        wait(&name, BACK_WITHIN, back).unwrap();
        wait("healthy", BACK_WITHIN, || up.serves().then_some(())).unwrap();
    }
    assert_eq!(up.record().unwrap()["restarts"].as_object().unwrap().len(), 7);
}

#[test]
fn killed_and_started_again_it_has_its_data_and_no_stray_children() {
    let mut up = Up::start("killed").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = up.record().unwrap()["database_url"].as_str().unwrap().to_owned();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("create table kept as select 42 as answer").execute(&mut connection).await.unwrap();
    });
    let children = up.children().unwrap();
    up.end(Signal::KILL).unwrap();
    wait("the children to go", BACK_WITHIN, || gone(&children)).unwrap();
    up.start_again(&[]).unwrap();
    let answer: i32 = runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::query_scalar("select answer from kept").fetch_one(&mut connection).await.unwrap()
    });
    assert_eq!(answer, 42);
}

#[test]
fn sigterm_ends_everything_cleanly_and_soon() {
    let mut up = Up::start("stop").unwrap();
    let children = up.children().unwrap();
    assert_eq!(children.len(), 7, "{children:?}");
    let begun = std::time::Instant::now();
    assert_eq!(up.end(Signal::TERM).unwrap(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(gone(&children).is_some() && !up.data.join("run.json").exists());
}

#[test]
fn a_busy_port_is_named_with_its_holder_and_a_way_out() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let data = std::env::temp_dir().join(format!("hemei-up-busy-{}", std::process::id()));
    let answer = hemei().args(["up", "--no-demo", "--port", &port, "--data"]).arg(&data).output().unwrap();
    let told = String::from_utf8_lossy(&answer.stderr).into_owned();
    fs::remove_dir_all(&data).unwrap();
    assert_eq!(answer.status.code(), Some(1));
    assert!(told.contains(&format!("pid {}", std::process::id())) && told.contains("--port "), "{told}");
}

#[test]
fn a_folder_of_someone_elses_is_refused_untouched() {
    let data = std::env::temp_dir().join(format!("hemei-up-foreign-{}", std::process::id()));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("thesis.txt"), "mine").unwrap();
    let port = free_port().unwrap().to_string();
    let answer = hemei().args(["up", "--fresh", "--port", &port, "--data"]).arg(&data).output().unwrap();
    let left: Vec<_> = fs::read_dir(&data).unwrap().flatten().map(|entry| entry.file_name()).collect();
    fs::remove_dir_all(&data).unwrap();
    assert_eq!((answer.status.code(), left), (Some(1), vec!["thesis.txt".into()]));
}
