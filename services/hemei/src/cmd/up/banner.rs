//! What a person needs to know once it runs; nothing is shown that does not answer.
use std::path::Path;

use chassis::clock::Clock;
use serde::Deserialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    ports::{Ports, local},
    record::Running,
    waiting::Waiting,
};
use crate::{http, say};

/// The first line.
pub fn title(demo: bool) {
    let mode = if demo { "  (演示模式，数据为虚构 / demo, all data invented)" } else { "" };
    say::line(&format!("和美家园 社区治理套件 Hemei v{}{mode}", env!("CARGO_PKG_VERSION")));
}

/// For the second `hemei up` on one folder.
pub fn already_running(data: &Path, running: Option<&Running>) {
    let Some(running) = running else {
        say::line(&format!("{} 正在启动 / is being started by another hemei up.", data.display()));
        return;
    };
    let state =
        if running.ready_at.is_some() { "已在运行 / is already running" } else { "正在启动 / is starting" };
    say::line(&format!("和美家园 {state}:  {}", running.url));
    say::line(&format!("  数据 data   {}   自 since {}", data.display(), running.started_at.format("%FT%TZ")));
    say::line(&format!("  停止 stop   在它的终端按 Ctrl-C / Ctrl-C in its terminal, or: kill {}", running.pid));
}

const PAGES: [(&str, &str); 4] = [
    ("/docs/", "接口文档 API documents"),
    ("/openapi.json", "OpenAPI 3.1"),
    ("/sandbox/", "外发收件箱 outgoing messages (短信等全部模拟 nothing leaves)"),
    ("/sandbox/people.json", "登录人物 people to sign in as"),
];

/// The addresses, the story, and how to stop.
pub async fn ready(ports: &Ports, demo: bool, setup_token: Option<String>, pool: &PgPool) {
    let public = local(ports.gateway.listen);
    let url = format!("http://{public}");
    say::line(&format!("\n  {url:<44} 公共入口 public API"));
    for (path, what) in PAGES {
        if http::get(public, path).await.is_ok_and(|(status, _)| status == 200) {
            say::line(&format!("  {:<44} {what}", format!("{url}{path}")));
        }
    }
    let metrics: Vec<String> = ports.by_role().iter().map(|(role, pair)| format!("{role} :{}", pair.ops)).collect();
    say::line(&format!("  指标 metrics  127.0.0.1 PORT/metrics: {}", metrics.join("  ")));
    let grpc: Vec<String> =
        ports.by_role()[..4].iter().map(|(role, pair)| format!("{role} :{}", pair.listen)).collect();
    say::line(&format!("  gRPC          127.0.0.1 {}", grpc.join("  ")));
    if let Some(token) = setup_token {
        say::line(
            "\n  还没有管理员。30 分钟内一次有效的链接 / no administrator yet; this link is good once, for 30 minutes:",
        );
        say::line(&format!("  {url}/setup/?token={token}"));
    } else if demo {
        story(ports, &url, pool).await;
    }
    say::line(
        "\n  停止 stop: Ctrl-C    重新开始 start over: --fresh    换端口 other port: --port N    数据 data: --data DIR",
    );
    say::line("  ⚠ 仅监听本机；演示密钥不可用于生产 / listens on this machine only; not for production");
}

#[derive(Deserialize)]
struct People {
    people: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    role: String,
    place_id: Uuid,
    place_name: String,
    phone: String,
}

/// Who does what, in the order of the README's story.
const CAST: [(&str, &str); 5] = [
    ("courier", "① 上报 report"),
    ("liaison", "② 认领并派单 claim, dispatch"),
    ("department_handler", "③ 受理并办结 accept, resolve"),
    ("courier", "④ 评价得积分，换奖品 rate, redeem"),
    ("community_worker", "⑤ 凭码发奖品 hand over"),
];

async fn story(ports: &Ports, url: &str, pool: &PgPool) {
    let Ok((200, body)) = http::get(local(ports.gateway.listen), "/sandbox/people.json").await else { return };
    let Ok(people) = serde_json::from_str::<People>(&body) else { return };
    say::line("\n  60 秒体验 one-minute story (验证码在外发收件箱 the codes are in /sandbox/):");
    for (role, part) in CAST {
        if let Some(person) = people.people.iter().find(|person| person.role == role) {
            let Person { name, place_name, phone, .. } = person;
            let title = proto::roles::name_of(role);
            let work = if role == "liaison" { waiting(pool, person.place_id).await } else { String::new() };
            say::line(&format!("    {} {phone}  {title} {name} ({place_name}){work}", padded(part, 36)));
        }
    }
    say::line(&format!(
        "    curl -s {url}/v1/session-codes -H 'content-type: application/json' -d '{{\"phone\":\"…\"}}'   其余见 the rest: README.md"
    ));
}

/// How much waits for the liaison of a street; the story is told without it where it cannot be read.
async fn waiting(pool: &PgPool, street: Uuid) -> String {
    let now = Clock::System.now();
    let waiting = Waiting::below(pool, street, now).await.ok().flatten();
    waiting.map(|waiting| format!("  {}", waiting.text(now))).unwrap_or_default()
}

/// A text filled up to a width on the terminal, where a Chinese character takes two places.
fn padded(text: &str, width: usize) -> String {
    let taken: usize = text.chars().map(|letter| if letter >= '\u{2e80}' { 2 } else { 1 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(taken)))
}
