//! The shield in front: how many requests one address may make, and where a request comes from.
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::HeaderMap;

/// Addresses remembered at once; beyond, those with full buckets are forgotten, and if that is not enough, all.
const REMEMBERED: usize = 50_000;
/// A burst may use what this time gives back.
const BURST: Duration = Duration::from_secs(10);

/// A bucket per address that refills steadily. In this process only: every replica shields itself.
pub struct Shield {
    /// How long one request takes to come back; `None`: no limit.
    interval: Option<Duration>,
    /// When the bucket of an address is full again.
    full_at: Mutex<HashMap<IpAddr, Instant>>,
}

impl Shield {
    /// A shield that lets so many requests a minute through; 0 means any number.
    pub fn new(per_minute: u32) -> Self {
        Self { interval: Duration::from_secs(60).checked_div(per_minute), full_at: Mutex::default() }
    }

    /// Takes one request of an address, or answers how long to wait. This machine itself is no stranger and never waits.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let Some(interval) = self.interval.filter(|_| !address.is_loopback()) else { return Ok(()) };
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= REMEMBERED {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= REMEMBERED / 2 {
                full_at.clear();
            }
        }
        let at = full_at.entry(network(address)).or_insert(now);
        let next = (*at).max(now) + interval;
        let ahead = next.duration_since(now);
        if ahead > BURST.max(interval) {
            return Err(ahead - BURST.max(interval));
        }
        *at = next;
        Ok(())
    }
}

/// What one subscriber holds: an IPv4 address, or an IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(long) => IpAddr::V6(Ipv6Addr::from_bits(long.to_bits() >> 64 << 64)),
        short => short,
    }
}

/// The client's address: the peer's, or what the outermost of our own proxies saw.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: usize) -> IpAddr {
    if trusted_proxies == 0 {
        return peer.to_canonical();
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let seen: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    let outermost = seen.len().checked_sub(trusted_proxies).and_then(|at| seen.get(at));
    outermost.and_then(|address| address.parse().ok()).unwrap_or(peer).to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_gets_its_burst_and_then_its_rate() {
        let (shield, start) = (Shield::new(60), Instant::now());
        let one = address("192.0.2.1");
        assert_eq!((0..20).filter(|_| shield.take(one, start).is_ok()).count(), 10);
        assert_eq!(shield.take(one, start), Err(Duration::from_secs(1)));
        assert!(shield.take(address("192.0.2.2"), start).is_ok());
        assert!(shield.take(one, start + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn a_slow_rate_still_lets_the_first_request_through() {
        let shield = Shield::new(1);
        assert!(shield.take(address("192.0.2.1"), Instant::now()).is_ok());
    }

    #[test]
    fn this_machine_never_waits() {
        let (shield, start) = (Shield::new(1), Instant::now());
        assert!((0..100).all(|_| shield.take(address("127.0.0.1"), start).is_ok()));
        assert!((0..100).all(|_| shield.take(address("::1"), start).is_ok()));
    }

    #[test]
    fn zero_means_no_limit() {
        let (shield, start) = (Shield::new(0), Instant::now());
        assert!((0..1000).all(|_| shield.take(address("192.0.2.1"), start).is_ok()));
    }

    #[test]
    fn one_ipv6_network_is_one_client() {
        let (shield, start) = (Shield::new(6), Instant::now());
        assert!(shield.take(address("2001:db8::1"), start).is_ok());
        assert!(shield.take(address("2001:db8::2"), start).is_err());
        assert!(shield.take(address("2001:db8:0:1::1"), start).is_ok());
    }

    #[test]
    fn forwarded_addresses_count_only_behind_our_own_proxies() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().unwrap());
        let peer = address("10.0.0.1");
        assert_eq!(client_address(peer, &headers, 0), peer);
        assert_eq!(client_address(peer, &headers, 1), address("198.51.100.7"));
        assert_eq!(client_address(peer, &headers, 2), address("203.0.113.9"));
        assert_eq!(client_address(peer, &headers, 3), peer);
    }
}
