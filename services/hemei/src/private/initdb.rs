//! A new PostgreSQL data folder, whole or not at all.
use std::{fs, path::Path, process::Stdio};

use anyhow::{Context, Result, bail};

use super::{
    account::{Account, command},
    binaries::Binaries,
    folder::owned_folder,
};

/// Makes the data folder unless it is there; one that was begun and not finished is thrown away.
pub async fn ensure(data: &Path, binaries: &Binaries, account: Option<&Account>) -> Result<()> {
    if data.join("PG_VERSION").exists() {
        return Ok(());
    }
    let begun = data.with_extension("new");
    if begun.exists() {
        fs::remove_dir_all(&begun)?;
    }
    owned_folder(&begun, account)?;
    let mut initdb = command(account, "KILL", &binaries.folder.join("initdb"));
    initdb.arg("-D").arg(&begun).args(["-U", "hemei", "--auth=trust", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"]);
    let answer = initdb.stdin(Stdio::null()).kill_on_drop(true).output().await.context("setpriv / initdb")?;
    if !answer.status.success() {
        bail!("initdb 失败 / initdb failed:\n{}", String::from_utf8_lossy(&answer.stderr));
    }
    if data.exists() {
        fs::remove_dir(data)
            .with_context(|| format!("{} 不是 PostgreSQL 数据目录 / is no PostgreSQL data folder", data.display()))?;
    }
    fs::rename(&begun, data)?;
    Ok(())
}
