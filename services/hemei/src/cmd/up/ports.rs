//! The ports of all roles, chosen once and kept while `up` runs.
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
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

/// A port of this machine.
pub fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

impl Ports {
    /// The wanted public port, which must be free, and free ones for the rest, held until their roles start.
    pub async fn choose(public: u16) -> Result<(Self, Held)> {
        let mut held = Held(Vec::new());
        // Just after `kill -9` the old gateway may still be going.
        let begun = Instant::now();
        while TcpListener::bind(local(public)).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse) {
            if begun.elapsed() > Duration::from_secs(1) {
                bail!(busy(public));
            }
            sleep(Duration::from_millis(50)).await;
        }
        held.0.push(
            TcpListener::bind(local(public)).with_context(|| format!("端口 port {public}; 换一个 use --port N"))?,
        );
        let mut pair = |listen, ops| anyhow::Ok(Pair { listen: held.free(listen)?, ops: held.free(ops)? });
        let (residents, tickets) = (pair(50051, 9051)?, pair(50052, 9052)?);
        let (incentives, finance) = (pair(50053, 9053)?, pair(50054, 9054)?);
        let gateway = Pair { listen: public, ops: held.free(9050)? };
        Ok((Self { gateway, residents, tickets, incentives, finance }, held))
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

/// Ports kept from other programs (and other `hemei up`) between choosing and use.
pub struct Held(Vec<TcpListener>);

impl Held {
    /// Gives a role's ports up, for the role to take.
    pub fn release(&mut self, pair: Pair) {
        let ports = [pair.listen, pair.ops];
        self.0.retain(|held| !held.local_addr().is_ok_and(|address| ports.contains(&address.port())));
    }

    /// The preferred port, or a free one below those the kernel gives to outgoing connections.
    fn free(&mut self, preferred: u16) -> Result<u16> {
        let first = 20_000 + u16::try_from(std::process::id() % 10_000)?;
        let mut candidates = std::iter::once(preferred).chain(first..32_000).chain(20_000..first);
        let listener =
            candidates.find_map(|port| TcpListener::bind(local(port)).ok()).context("没有空闲端口 / no free port")?;
        let port = listener.local_addr()?.port();
        self.0.push(listener);
        Ok(port)
    }
}

fn busy(port: u16) -> String {
    let holder = holder::of(port).unwrap_or_else(|| "另一个程序 another program".to_owned());
    let other =
        (port.saturating_add(1)..=u16::MAX).find(|port| TcpListener::bind(local(*port)).is_ok()).unwrap_or(8080);
    format!("端口 {port} 被占用：{holder} / port {port} is busy.\n  换端口 use another: hemei up --port {other}")
}
