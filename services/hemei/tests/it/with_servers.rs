//! `hemei with-servers`.
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use rustix::process::Signal;

use crate::launch::{hemei, signal, wait};

const PATIENCE: Duration = Duration::from_secs(10);

/// The folder of the sockets in `postgres://…?host=FOLDER`.
fn sockets(url: &str) -> &Path {
    Path::new(url.trim().rsplit('=').next().unwrap_or_default())
}

/// One that runs until it is stopped, and the folder of its sockets.
fn long_running() -> anyhow::Result<(Child, String)> {
    let words = ["with-servers", "--", "sh", "-c", "echo $HEMEI_TEST_DATABASE_URL; exec sleep 600"];
    let mut child = hemei().args(words).stdout(Stdio::piped()).spawn()?;
    let mut url = String::new();
    if let Some(output) = child.stdout.as_mut() {
        BufReader::new(output).read_line(&mut url)?;
    }
    Ok((child, sockets(&url).display().to_string()))
}

fn server_is_gone(folder: &str) -> Option<()> {
    std::os::unix::net::UnixStream::connect(Path::new(folder).join(".s.PGSQL.5432")).is_err().then_some(())
}

#[test]
fn the_command_gets_both_servers_and_its_exit_code_is_ours() {
    let script = r#"echo $HEMEI_TEST_DATABASE_URL; test -S "${HEMEI_TEST_REDIS_URL#redis+unix://}" && exit 7"#;
    let answer = hemei().args(["with-servers", "--", "sh", "-c", script]).output().unwrap();
    assert_eq!(answer.status.code(), Some(7), "{}", String::from_utf8_lossy(&answer.stderr));
    let url = String::from_utf8(answer.stdout).unwrap();
    assert!(url.starts_with("postgres://hemei@"), "{url}");
    assert!(!sockets(&url).exists(), "left behind: {url}");
}

#[test]
fn a_signal_stops_the_command_and_the_servers() {
    let (mut child, folder) = long_running().unwrap();
    signal(child.id().cast_signed(), Signal::TERM).unwrap();
    child.wait().unwrap();
    assert!(!Path::new(&folder).exists(), "left behind: {folder}");
}

#[test]
fn it_waits_for_what_the_command_leaves_running() {
    let note = std::env::temp_dir().join(format!("hemei-orphan-{}", uuid::Uuid::now_v7()));
    let script = "(sleep 1; echo done > \"$0\") >/dev/null 2>&1 &";
    let answer = hemei().args(["with-servers", "--", "sh", "-c", script]).arg(&note).output().unwrap();
    assert!(answer.status.success() && note.exists(), "{}", String::from_utf8_lossy(&answer.stderr));
    std::fs::remove_file(&note).unwrap();
}

#[test]
fn killing_it_takes_the_servers_along() {
    let (mut child, folder) = long_running().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    wait("the server to go", PATIENCE, || server_is_gone(&folder)).unwrap();
    std::fs::remove_dir_all(Path::new(&folder).parent().unwrap()).ok();
}

#[test]
fn an_unknown_command_is_an_error() {
    let answer = hemei().args(["with-servers", "--", "no-such-command-anywhere"]).output().unwrap();
    assert_eq!(answer.status.code(), Some(127));
}
