//! Where the processors' time goes.
use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use serde_json::Value;

/// The clock ticks of /proc, on every Linux that matters.
const TICKS_A_SECOND: f64 = 100.0;

/// Seconds of processor time by process, PostgreSQL with all its children, and the load itself.
pub fn seconds(run: &Value) -> Result<BTreeMap<String, f64>> {
    let pids = run["pids"].as_object().context("pids")?;
    let mut all: BTreeMap<String, f64> = BTreeMap::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some((pid, parent, ticks)) = stat(&entry.path().join("stat")) else { continue };
        let is = |id: i64| pids.iter().find(|(_, pid)| pid.as_i64() == Some(id)).map(|(name, _)| name.clone());
        let name = is(pid).or_else(|| is(parent).filter(|name| name == "postgres"));
        let name = name.or_else(|| (pid == i64::from(std::process::id())).then(|| "the load".to_owned()));
        if let Some(name) = name {
            *all.entry(name).or_default() += ticks / TICKS_A_SECOND;
        }
    }
    Ok(all)
}

/// The process, its parent, and the ticks it has worked.
fn stat(path: &std::path::Path) -> Option<(i64, i64, f64)> {
    let text = fs::read_to_string(path).ok()?;
    let pid = text.split(' ').next()?.parse().ok()?;
    // after the name, which may hold anything
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    // with its children that have ended
    Some((pid, fields.get(1)?.parse().ok()?, number(11)? + number(12)? + number(13)? + number(14)?))
}

/// Prints what a lifecycle cost each of them, in milliseconds.
pub fn print(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>, lifecycles: usize) {
    let each = |name: &String| (after[name] - before.get(name).unwrap_or(&0.0)) * 1000.0 / lifecycles.max(1) as f64;
    let parts: Vec<String> = after.keys().map(|name| format!("{name} {:.2}", each(name))).collect();
    let sum: f64 = after.keys().map(each).sum();
    println!("processor time of a lifecycle: {sum:.2} ms ({})", parts.join(", "));
}
