//! From `hemei up --no-demo` to a district that works.
use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::{
    http::call,
    launch::{Up, alive, hemei, wait},
};

const BOSS: &str = "19900009001";
const LIMIT: Duration = Duration::from_secs(10);

/// Good tables, in an order in which each finds what it refers to.
const GOOD: [(&str, &str); 6] = [
    (
        "places",
        "path,name,level,boundary\ngn.xy,向阳街道,subdistrict,\ngn.xy.sh,松鹤社区,community,130.28 47.33;130.30 47.33;130.30 47.35\n",
    ),
    ("departments", "code,name\nchengguan,城市管理局\n"),
    ("people", "phone,name\n19900009002,王丽\n19900009003,赵刚\n"),
    (
        "posts",
        "phone,role,place_path,department_code\n19900009002,liaison,gn.xy,\n19900009003,department_handler,gn,chengguan\n",
    ),
    ("prizes", "name,points,stock,pickup_place_path,kind\n防寒手套,60,20,gn.xy.sh,\n早餐券,30,0,gn.xy.sh,VOUCHER\n"),
    ("vouchers", "name,pickup_place_path,code\n早餐券,gn.xy.sh,ZC-000001\n早餐券,gn.xy.sh,ZC-000002\n"),
];

/// Tables of a good and a bad row each, and what is said about the latter.
const MIXED: [(&str, &str, [&str; 3]); 6] = [
    (
        "places",
        "path,name,level\ngn.hf,红旗街道,subdistrict\ngn.zz.aa,无上级,community\n",
        ["path", "没有上级地点", "no place above it"],
    ),
    ("departments", "code,name\ngongre,供热公司\nCHENG,城建\n", ["code", "代码须为", "the code must be"]),
    ("people", "phone,name\n19900009004,孙芳\n123,坏号\n", ["phone", "手机号须为", "the phone must be 11 digits"]),
    (
        "posts",
        "phone,role,place_path\n19900009004,community_worker,gn.xy.sh\n19900009004,king,gn.xy.sh\n",
        ["role", "角色须为", "the role must be one of"],
    ),
    (
        "prizes",
        "name,points,stock,pickup_place_path\n大米,120,5,gn.xy.sh\n食用油,-3,5,gn.xy.sh\n",
        ["points", "之间的整数", "must be a whole number"],
    ),
    (
        "vouchers",
        "name,pickup_place_path,code,valid_until\n早餐券,gn.xy.sh,ZC-000003,2099-12-31\n防寒手套,gn.xy.sh,ZC-000004,\n",
        ["name", "没有这个券类奖品", "no voucher of this name"],
    ),
];

/// The secret in the link that was printed last.
fn setup_token(up: &Up) -> Option<String> {
    let told = up.told();
    let (_, rest) = told.rsplit_once("/setup/?token=")?;
    rest.split_whitespace().next().map(str::to_owned)
}

fn set_up(up: &Up, token: &str) -> Result<(u16, Value)> {
    let body =
        json!({"token": token, "district_name": "工农区", "district_code": "gn", "name": "管理员", "phone": BOSS});
    call(up.port, "POST /v1/setup", None, Some(&body))
}

/// The exit code and all that was told.
fn import(data: &Path, kind: &str, text: &str) -> Result<(Option<i32>, String)> {
    let file = data.with_extension(format!("{kind}.csv"));
    fs::write(&file, text)?;
    let answer = hemei().args(["import", kind, "--district", "gn", "--data"]).arg(data).arg(&file).output()?;
    fs::remove_file(&file)?;
    Ok((answer.status.code(), String::from_utf8([answer.stdout, answer.stderr].concat())?))
}

/// Imports, again until the service has heard of what came before.
fn import_good(up: &Up, kind: &str, text: &str) -> Result<()> {
    let done = || import(&up.data, kind, text).is_ok_and(|(code, _)| code == Some(0)).then_some(());
    wait(kind, LIMIT, done).with_context(|| format!("{:?}", import(&up.data, kind, text)))
}

/// A session by the code that stayed in the sandbox.
fn sign_in(up: &Up, phone: &str) -> Result<String> {
    let (status, asked) = call(up.port, "POST /v1/session-codes", None, Some(&json!({"phone": phone})))?;
    ensure!(status == 200, "{asked}");
    let (_, sandbox) = call(up.port, &format!("GET /sandbox/messages.json?to={phone}"), None, None)?;
    let body = json!({"phone": phone, "code": sandbox["messages"][0]["code"]});
    let (status, session) = call(up.port, "POST /v1/sessions", None, Some(&body))?;
    ensure!(status == 200, "{session}");
    Ok(session["access_token"].as_str().context("a token")?.to_owned())
}

/// How many rows the tables of the six kinds have.
fn rows(up: &Up) -> Result<Vec<i64>> {
    let url = up.record()?["database_url"].as_str().context("database_url")?.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await?;
        let statement = "select array[(select count(*) from residents.place), (select count(*) from residents.department), \
                         (select count(*) from residents.person), (select count(*) from residents.post), \
                         (select count(*) from incentives.prize), (select count(*) from incentives.voucher)]";
        Ok(sqlx::query_scalar(statement).fetch_one(&mut connection).await?)
    })
}

#[test]
fn an_empty_installation_is_set_up_filled_and_used() {
    let up = Up::start("empty").unwrap();
    let token = setup_token(&up).unwrap();
    let (status, installed) = set_up(&up, &token).unwrap();
    assert_eq!(status, 200, "{installed}");
    assert_eq!(set_up(&up, &token).unwrap().1["code"], "SETUP_TOKEN_INVALID", "the link is good once");
    for (kind, text) in GOOD {
        import_good(&up, kind, text).unwrap();
    }
    // The district itself and its administrator with his post come from the link.
    assert_eq!(rows(&up).unwrap(), [3, 1, 3, 3, 2, 2]);

    let token = sign_in(&up, "19900009002").unwrap();
    let (status, root) = call(up.port, "GET /v1/places", Some(&token), None).unwrap();
    assert_eq!((status, &root["places"][0]["name"]), (200, &json!("工农区")), "{root}");
    let root = root["places"][0]["place_id"].as_str().unwrap();
    let (_, below) = call(up.port, &format!("GET /v1/places?parent_id={root}"), Some(&token), None).unwrap();
    assert_eq!(below["places"][0]["name"], "向阳街道", "{below}");
    let (status, me) = call(up.port, "GET /v1/me", Some(&sign_in(&up, BOSS).unwrap()), None).unwrap();
    assert!(status == 200 && me.to_string().contains("district_admin"), "{me}");

    for (kind, text, reasons) in MIXED {
        let (code, told) = import(&up.data, kind, text).unwrap();
        assert_eq!(code, Some(1), "{kind}: {told}");
        let [field, zh, en] = reasons;
        let lines: Vec<_> = told.lines().filter(|line| line.contains("行 line ")).collect();
        assert!(lines.len() == 1 && lines[0].contains(&format!("第 3 行 line 3, {field}: ")), "{kind}: {told}");
        assert!(lines[0].contains(zh) && lines[0].contains(en), "{kind}: {told}");
        assert!(told.contains("1 行已导入 imported, 1 行有误 refused"), "{kind}: {told}");
    }
    assert_eq!(rows(&up).unwrap(), [4, 2, 4, 4, 3, 3], "the good row of each, and nothing of the bad one");
}

#[test]
fn fresh_starts_over_and_an_interrupt_leaves_nothing_running() {
    let mut up = Up::start("fresh").unwrap();
    let token = setup_token(&up).unwrap();
    assert_eq!(set_up(&up, &token).unwrap().0, 200);
    assert_eq!(up.end(Signal::INT).unwrap(), Some(0));
    up.start_again(&["--fresh", "--throw-away"]).unwrap();
    let next = setup_token(&up).unwrap();
    assert_ne!(next, token);
    assert_eq!(rows(&up).unwrap(), [0; 6]);
    assert_eq!(set_up(&up, &next).unwrap().0, 200);
    let (children, sockets) = (up.children().unwrap(), up.sockets().unwrap());
    assert_eq!(up.end(Signal::INT).unwrap(), Some(0));
    assert!(children.len() == 7 && children.iter().all(|(_, pid)| !alive(*pid)), "{children:?}");
    assert!(!up.data.exists() && !sockets.exists(), "{} {}", up.data.display(), sockets.display());
}
