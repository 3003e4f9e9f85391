//! The settings file of a run: what differs from the shipped defaults.
use std::{fmt::Write, fs, path::PathBuf};

use anyhow::Result;
use peer::wechat::keys as sandbox;

use super::{folder::DataFolder, ports::Ports};
use crate::private::PrivateServers;

/// The file of a data folder.
pub fn file(folder: &DataFolder) -> PathBuf {
    folder.path.join("hemei.toml")
}

/// Settings this file decides, which the environment of `up` must not.
pub const DECIDED: [&str; 17] = [
    "database_url",
    "redis_url",
    "keys_dir",
    "media_url",
    "messages",
    "listen",
    "ops_listen",
    "residents_address",
    "tickets_address",
    "incentives_address",
    "finance_address",
    "wecom_address",
    "wechat_pay_address",
    "wechat_address",
    "wechat_mch_id",
    "wechat_app_id",
    "wechat_notify_url",
];

/// Writes it anew.
pub fn write(folder: &DataFolder, servers: &PrivateServers, ports: &Ports) -> Result<()> {
    let mut text = String::from("# Written by `hemei up` at every start.\n[common]\n");
    let common = [
        ("database_url", servers.database_url("hemei")),
        ("redis_url", servers.redis_url()),
        ("keys_dir", folder.path.join("keys").display().to_string()),
        ("media_url", format!("file://{}", folder.path.join("media").display())),
        ("messages", "sandbox".to_owned()),
        ("log_format", "text".to_owned()),
    ];
    for (key, value) in common {
        writeln!(text, "{key} = {}", quoted(&value)?)?;
    }
    for (role, pair) in ports.by_role().iter().filter(|(role, _)| *role != "gateway") {
        writeln!(text, "{role}_address = \"127.0.0.1:{}\"", pair.listen)?;
    }
    for (role, pair) in ports.by_role() {
        writeln!(text, "\n[{role}]\nlisten = \"127.0.0.1:{}\"\nops_listen = \"127.0.0.1:{}\"", pair.listen, pair.ops)?;
        let gateway = ports.by_role().iter().find(|(role, _)| *role == "gateway").map_or(0, |(_, pair)| pair.listen);
        let address = format!("http://127.0.0.1:{gateway}");
        if role == "tickets" {
            writeln!(text, "wecom_address = \"{address}/sandbox/wecom\"")?;
        }
        if role == "finance" {
            writeln!(
                text,
                "wechat_pay_address = \"{address}/sandbox/wechat\"\nwechat_address = \"{address}/sandbox/wechat\""
            )?;
            writeln!(text, "wechat_mch_id = \"{}\"\nwechat_app_id = \"{}\"", sandbox::MCH_ID, sandbox::APP_ID)?;
            writeln!(text, "wechat_notify_url = \"{address}/v1/wechat/transfers:notify\"")?;
        }
    }
    sandbox::lay(&folder.path.join("keys").join("wechat"))?;
    fs::write(file(folder), text)?;
    Ok(())
}

/// A JSON string is a TOML string too.
fn quoted(text: &str) -> Result<String> {
    Ok(serde_json::to_string(text)?)
}
