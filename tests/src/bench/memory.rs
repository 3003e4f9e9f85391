//! What the processes hold in memory.
use std::fs;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde_json::Value;

const ROLES: [&str; 5] = ["gateway", "residents", "tickets", "incentives", "finance"];

/// Prints the resident memory of the five roles, alone and together; pages that several share are counted once.
pub fn print(when: &str, run: &Value) -> Result<()> {
    let mut sum = 0.0;
    let mut parts = Vec::new();
    for role in ROLES {
        let pid = run["pids"][role].as_i64().context("a pid")?;
        let status = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("Pss:")).context("Pss")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        sum += kib / 1024.0;
        parts.push(format!("{role} {:.0}", kib / 1024.0));
    }
    println!("memory {when}: {sum:.0} MB together ({})\n", parts.join(", "));
    Ok(())
}

/// Seconds between two instants of the run file.
pub fn between(run: &Value, from: &str, to: &str) -> Result<f64> {
    let instant =
        |key: &str| -> Result<DateTime<Utc>> { Ok(run[key].as_str().with_context(|| key.to_owned())?.parse()?) };
    Ok((instant(to)? - instant(from)?).as_seconds_f64())
}
