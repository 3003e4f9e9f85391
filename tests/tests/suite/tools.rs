//! The operators' tools, as they are called.
use std::{process::Command, time::Duration};

use hemei_tests::{Instance, instance, retry};

/// What a tool prints, and whether it ended well.
fn run(suite: &Instance, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::new(instance::binary().unwrap()).args(arguments).arg("--data").arg(&suite.data).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_what_the_histories_give_and_the_logs_are_whole() {
    let suite = tokio::task::spawn_blocking(|| Instance::start(&[])).await.unwrap().unwrap();
    for (arguments, told) in [
        (["figures", "verify"], "统计与历史一致"),
        (["audit", "verify"], "条完整"),
        (["ledger", "verify"], "余额与流水一致"),
    ] {
        // the demo's sixty days are counted within moments of the start
        let sound = async || {
            let (well, text) = run(&suite, &arguments);
            Ok((well && text.contains(told)).then_some(text))
        };
        let text = retry::until(told, Duration::from_secs(60), sound).await.unwrap();
        assert!(!text.contains("tampered"), "{text}");
    }
    tokio::task::spawn_blocking(|| drop(suite)).await.unwrap();
}
