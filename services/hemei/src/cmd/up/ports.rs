//! The ports of all roles, chosen once and kept while `up` runs.
use std::{
    net::{IpAddr, Ipv4Addr, TcpListener},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::holder;

/// Where one role listens: its own port and that for metrics and health.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Pair {
    pub listen: u16,
    pub ops: u16,
}

/// Everybody's ports, all on 127.0.0.1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ports {
    pub gateway: Pair,
    pub residents: Pair,
    pub tickets: Pair,
    pub incentives: Pair,
    pub finance: Pair,
}

/// How many blocks of 16 ports there are beside the customary one.
const BLOCKS: u32 = 700;

/// A port of this machine.
pub fn local(port: u16) -> std::net::SocketAddr {
    std::net::SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Ports {
    /// The wanted public port, which must be free, and a block of free ones for the rest, held until their roles start.
    pub async fn choose(public: u16) -> Result<(Self, Held)> {
        // Just after `kill -9` the old gateway may still be going.
        let begun = Instant::now();
        while TcpListener::bind(local(public)).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse) {
            if begun.elapsed() > Duration::from_secs(1) {
                bail!(busy(public));
            }
            sleep(Duration::from_millis(50)).await;
        }
        let entrance =
            TcpListener::bind(local(public)).with_context(|| format!("端口 port {public}; 换一个 use --port N"))?;
        let first = 1 + std::process::id() % BLOCKS;
        let blocks = std::iter::once(0).chain(first..=BLOCKS).chain(1..first);
        for ports in blocks.map(|block| Self::block(block, public)) {
            if let Some(mut held) = Held::all(&ports) {
                held.listeners.push(entrance);
                return Ok((ports, held));
            }
        }
        bail!("没有空闲端口 / no free ports")
    }

    /// All lie below those the kernel gives to outgoing connections, one of which could take a role's port while it
    /// restarts; block 0 is easy to remember.
    fn block(block: u32, public: u16) -> Self {
        let base = 20_000 + u16::try_from(block * 16).unwrap_or_default();
        let pair = |number: u16| match block {
            0 => Pair { listen: 9060 + number, ops: 9050 + number },
            _ => Pair { listen: base + 2 * number, ops: base + 2 * number + 1 },
        };
        let gateway = Pair { listen: public, ops: pair(0).ops };
        Self { gateway, residents: pair(1), tickets: pair(2), incentives: pair(3), finance: pair(4) }
    }

    /// The roles by name, services first, the gateway last.
    pub fn by_role(&self) -> [(&'static str, Pair); 5] {
        [
            ("residents", self.residents),
            ("tickets", self.tickets),
            ("incentives", self.incentives),
            ("finance", self.finance),
            ("gateway", self.gateway),
        ]
    }
}

/// Ports kept from other programs between choosing and use.
pub struct Held {
    listeners: Vec<TcpListener>,
    /// Keeps another `hemei up` from the whole block as long as we live, also while a role restarts.
    _claim: UnixListener,
}

impl Held {
    /// Gives a role's ports up, for the role to take.
    pub fn release(&mut self, pair: Pair) {
        let ports = [pair.listen, pair.ops];
        self.listeners.retain(|held| !held.local_addr().is_ok_and(|address| ports.contains(&address.port())));
    }

    /// All but the public port, or none.
    fn all(ports: &Ports) -> Option<Self> {
        let services = [ports.residents, ports.tickets, ports.incentives, ports.finance];
        // An abstract name lives where ports live, in the network namespace, and goes with the process.
        let name = SocketAddr::from_abstract_name(format!("hemei-ports-{}", ports.gateway.ops)).ok()?;
        let claim = UnixListener::bind_addr(&name).ok()?;
        let wanted = services.iter().flat_map(|pair| [pair.listen, pair.ops]).chain([ports.gateway.ops]);
        let listeners: Option<Vec<TcpListener>> = wanted.map(|port| TcpListener::bind(local(port)).ok()).collect();
        Some(Self { listeners: listeners?, _claim: claim })
    }
}

fn busy(port: u16) -> String {
    let holder = holder::of(port).unwrap_or_else(|| "另一个程序 another program".to_owned());
    let other =
        (port.saturating_add(1)..=u16::MAX).find(|port| TcpListener::bind(local(*port)).is_ok()).unwrap_or(8080);
    format!("端口 {port} 被占用：{holder} / port {port} is busy.\n  换端口 use another: hemei up --port {other}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_blocks_share_a_port() {
        let ports =
            |block| Ports::block(block, 8080).by_role().into_iter().flat_map(|(_, pair)| [pair.listen, pair.ops]);
        let mut all: Vec<u16> = (0..=BLOCKS).flat_map(ports).filter(|port| *port != 8080).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!((count, all.len()), (9 * 701, 9 * 701));
        assert!(all.iter().all(|port| *port < 32_768));
    }

    #[test]
    fn a_block_in_use_is_passed_over_although_its_ports_are_free_for_a_moment() {
        let ports = Ports::block(BLOCKS, 1);
        let mut first = Held::all(&ports).unwrap();
        ports.by_role().into_iter().for_each(|(_, pair)| first.release(pair));
        assert!(Held::all(&ports).is_none());
        drop(first);
        assert!(Held::all(&ports).is_some());
    }
}
