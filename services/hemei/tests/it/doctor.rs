//! `hemei doctor`.
use crate::launch::hemei;

fn folder() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("hemei-doctor-{}", uuid::Uuid::now_v7()))
}

#[test]
fn a_machine_that_runs_these_tests_can_run_the_suite() {
    let data = folder();
    let answer = hemei().args(["doctor", "--data"]).arg(&data).output().unwrap();
    let told = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.status.success() && told.contains("✓ PostgreSQL: ") && told.contains("✓ Redis: "), "{told}");
    assert!(!data.exists(), "a check leaves nothing behind");
}

#[test]
fn what_is_missing_is_named_with_the_line_that_installs_it() {
    let answer = hemei().args(["doctor", "--data"]).arg(folder()).env("PATH", "/nonexistent").output().unwrap();
    let told = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert_eq!(answer.status.code(), Some(1), "{told}");
    assert!(told.contains("✗ setpriv: ") && told.contains("apt-get install -y util-linux"), "{told}");
}

#[test]
fn a_busy_port_is_a_note_with_its_holder_and_a_full_disk_blocks() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let answer = hemei().args(["doctor", "--data", "/proc/hemei", "--port", &port]).output().unwrap();
    let told = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert_eq!(answer.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("{port} 被占用 busy: pid {}", std::process::id())), "{told}");
    assert!(
        told.contains("/proc/hemei 不可写 / not writable") && told.contains("only 0 MB free, 500 needed"),
        "{told}"
    );
}
