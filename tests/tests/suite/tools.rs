//! The operators' tools, as they are called.
use std::{path::Path, process::Command, time::Duration};

use hemei_tests::{Instance, audit, instance, retry};

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
    a_figure_that_was_tampered_with_is_named_and_a_recount_mends_it(&suite).await;
    a_list_is_brought_in_while_everything_runs(&suite);
    an_act_with_money_that_was_tampered_with_is_named(&suite).await;
    tokio::task::spawn_blocking(|| drop(suite)).await.unwrap();
}

async fn a_figure_that_was_tampered_with_is_named_and_a_recount_mends_it(suite: &Instance) {
    let pool = audit::open(&suite.database_url().unwrap()).await.unwrap();
    let (place, category): (String, String) = sqlx::query_as(
        "update tickets.figure f set counters[1] = counters[1] + 5 from (select ctid from tickets.figure limit 1) one
         where f.ctid = one.ctid returning place_path, category_code",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let (well, text) = run(suite, &["figures", "verify"]);
    let line = text.lines().find(|line| line.contains(&format!(" {place} {category}  reported: ")));
    let numbers = line.and_then(|line| line.split_once("should be ")?.1.split_once(", is "));
    let numbers = numbers.map(|(told, kept)| (told.parse::<i64>().unwrap(), kept.parse::<i64>().unwrap()));
    assert!(!well && numbers.is_some_and(|(told, kept)| kept == told + 5), "{text}");
    assert!(text.contains("1 处不一致"), "{text}");
    let (well, text) = run(suite, &["figures", "recount"]);
    assert!(well && text.contains("统计与历史一致"), "{text}");
    pool.close().await;
}

fn a_list_is_brought_in_while_everything_runs(suite: &Instance) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/tickets/data");
    let wrong = suite.data.join("wrong.csv");
    std::fs::write(&wrong, "class,name,source\n06,市容,\n7,广告,\n").unwrap();
    let [list, classes, wrong] =
        [data.join("categories.csv"), data.join("classes.csv"), wrong].map(|path| path.display().to_string());
    for (arguments, told) in [
        (vec!["categories", "import", &list], "0 行更新，89 行不变"),
        (vec!["categories", "classes", &classes], "0 行更新，17 行不变"),
        (vec!["categories", "classes", &wrong], "第 3 行 line 3, class: “7” 不可用，须为两位数字"),
    ] {
        let (well, text) = run(suite, &arguments);
        assert!(text.contains(told) && well == told.contains("行不变"), "{text}");
    }
}

async fn an_act_with_money_that_was_tampered_with_is_named(suite: &Instance) {
    let pool = audit::open(&suite.database_url().unwrap()).await.unwrap();
    let sealed = "select exists (select from finance.audit_seal)";
    let sealed = async || Ok(sqlx::query_scalar(sealed).fetch_one(&pool).await.unwrap_or(false).then_some(()));
    retry::until("the demo's acts are sealed", Duration::from_secs(60), sealed).await.unwrap();
    let tampering = "alter table finance.audit disable trigger user;
        update finance.audit set actor_id = gen_random_uuid() where audit_id = (select min(audit_id) from finance.audit)";
    sqlx::raw_sql(tampering).execute(&pool).await.unwrap();
    let (well, text) = run(suite, &["audit", "verify"]);
    assert!(!well && text.contains("finance.audit: 已被改动"), "{text}");
    assert!(
        text.contains("tickets.audit: ") && text.contains("residents.audit: "),
        "the others are looked at too: {text}"
    );
    pool.close().await;
}
