//! Who holds a port, read from /proc.
use std::{fs, path::Path};

/// "pid 4711 (node server.js)", as far as we may look.
pub fn of(port: u16) -> Option<String> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, port))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let pid = pids.find(|pid| holds(*pid, &sockets))?;
    let words = crate::process::words_of(pid).join(" ");
    let short: String = words.trim().chars().take(60).collect();
    Some(format!("pid {pid} ({short})"))
}

/// The inodes of sockets that listen on a port.
fn listening(table: &str, port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    let lines = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = lines.filter(|fields| fields.len() > 9 && fields[1].ends_with(&wanted) && fields[3] == "0A");
    ours.map(|fields| format!("socket:[{}]", fields[9])).collect()
}

fn holds(pid: i32, sockets: &[String]) -> bool {
    let open = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_holder_of_a_port_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = super::of(listener.local_addr().unwrap().port()).unwrap();
        assert!(holder.contains(&format!("pid {}", std::process::id())), "{holder}");
    }
}
