//! `hemei doctor`: what this machine has, lacks, and how to fix it.
use std::{net::TcpListener, path::PathBuf, process::ExitCode};

use anyhow::Result;

use super::up::{free_mb, holder};
use crate::{
    private::{Account, INSTALL, Places, find_postgres, find_redis},
    say,
};

#[derive(clap::Args)]
pub struct Args {
    /// The data folder that would be used.
    #[arg(long, default_value = "./.hemei", value_name = "DIR")]
    data: PathBuf,
    /// The public port that would be used.
    #[arg(long, default_value_t = 8080, value_name = "N")]
    port: u16,
}

/// How a check went: fine, worth knowing, or in the way.
enum Finding {
    Fine(String),
    Note(String),
    Blocks(String),
}

use Finding::{Blocks, Fine, Note};

/// Prints every check; fails when one is in the way.
pub fn run(args: &Args) -> Result<ExitCode> {
    let checks = [
        ("PostgreSQL", postgres()),
        ("Redis", redis()),
        ("setpriv", setpriv()),
        ("用户 user", user()),
        ("数据目录 data", data(args)),
        ("磁盘 disk", disk(args)),
        ("内存 memory", memory()),
        ("/dev/shm", shared_memory()),
        ("端口 port", port(args.port)),
    ];
    let mut blocked = false;
    for (name, finding) in checks {
        let (mark, text) = match finding {
            Fine(text) => ("✓", text),
            Note(text) => ("!", text),
            Blocks(text) => {
                blocked = true;
                ("✗", text)
            }
        };
        say::line(&format!("{mark} {name}: {text}"));
    }
    say::line(if blocked { "\n✗ 不能运行 / cannot run yet" } else { "\n✓ 可以运行 / ready: hemei up" });
    Ok(if blocked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn postgres() -> Finding {
    match find_postgres(None) {
        Ok(found) => Fine(format!("{} ({})", found.major, found.folder.display())),
        Err(error) => Blocks(error.to_string()),
    }
}

fn redis() -> Finding {
    match find_redis() {
        Ok(program) => Fine(program.display().to_string()),
        Err(error) => Blocks(error.to_string()),
    }
}

fn setpriv() -> Finding {
    match std::process::Command::new("setpriv").arg("--version").output() {
        Ok(answer) if answer.status.success() => Fine(String::from_utf8_lossy(&answer.stdout).trim().to_owned()),
        _ => Blocks("缺少 setpriv / is missing: sudo apt-get install -y util-linux".to_owned()),
    }
}

fn user() -> Finding {
    match Account::unprivileged() {
        Ok(None) => Fine("以当前用户运行 / runs as you".to_owned()),
        Ok(Some(account)) => {
            Fine(format!("root，数据库以 {} 运行 / the database runs as {}", account.name, account.name))
        }
        Err(error) => Blocks(format!("{error}; {INSTALL}")),
    }
}

fn data(args: &Args) -> Finding {
    let there = args.data.exists();
    let made = std::fs::create_dir_all(&args.data);
    let probe = args.data.join(".doctor");
    let written = made.and_then(|()| std::fs::write(&probe, "")).and_then(|()| std::fs::remove_file(&probe));
    let finding = match written {
        Err(error) => Blocks(format!("{} 不可写 / not writable ({error}); --data DIR", args.data.display())),
        Ok(()) => match Account::unprivileged().and_then(|account| Places::home(&args.data, account.as_ref())) {
            Ok((home, true)) => {
                Note(format!("数据库用户进不去，数据放在 / its user cannot enter, the data goes to {}", home.display()))
            }
            Ok((home, false)) => Fine(home.display().to_string()),
            Err(error) => Blocks(format!("{error:#}")),
        },
    };
    if !there {
        let _ = std::fs::remove_dir(&args.data);
    }
    finding
}

fn disk(args: &Args) -> Finding {
    let folder = args.data.ancestors().find(|folder| folder.exists()).map_or_else(|| PathBuf::from("."), PathBuf::from);
    match free_mb(&folder) {
        Ok(free) if free < 500 => Blocks(format!("只剩 {free} MB / only {free} MB free, 500 needed")),
        Ok(free) => Fine(format!("{free} MB")),
        Err(error) => Blocks(error.to_string()),
    }
}

fn memory() -> Finding {
    let table = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes: u64 = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default();
    match kilobytes / 1024 {
        megabytes @ 0..400 => {
            Blocks(format!("可用 {megabytes} MB，至少 400 MB / {megabytes} MB available, 400 needed"))
        }
        megabytes => Fine(format!("{megabytes} MB")),
    }
}

fn shared_memory() -> Finding {
    match free_mb(std::path::Path::new("/dev/shm")) {
        Ok(free) if free >= 16 => Fine(format!("{free} MB")),
        Ok(free) => Blocks(format!("只剩 {free} MB / only {free} MB; 容器加 in a container: --shm-size=64m")),
        Err(error) => Blocks(format!("{error}; mount -t tmpfs tmpfs /dev/shm")),
    }
}

fn port(port: u16) -> Finding {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Fine(format!("{port}")),
        Err(_) => {
            let holder = holder::of(port).unwrap_or_default();
            Note(format!("{port} 被占用 busy: {holder}; hemei up --port {}", port.saturating_add(1)))
        }
    }
}
