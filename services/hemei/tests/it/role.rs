//! One role by itself.
use std::fs;

use crate::launch::hemei;

#[test]
fn the_sandbox_is_refused_outside_of_up() {
    let file = std::env::temp_dir().join(format!("hemei-role-{}.toml", uuid::Uuid::now_v7()));
    fs::write(&file, "[common]\nmessages = \"sandbox\"\n").unwrap();
    let answers: Vec<_> = ["residents", "tickets", "gateway"]
        .map(|role| hemei().args([role, "--config"]).arg(&file).env_remove("HEMEI_SUPERVISED").output().unwrap())
        .into();
    fs::remove_file(&file).unwrap();
    for answer in answers {
        let told = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert_eq!(answer.status.code(), Some(1), "{told}");
        assert!(told.contains("只能在 hemei up 下使用") && told.contains("works under hemei up only"), "{told}");
    }
}
