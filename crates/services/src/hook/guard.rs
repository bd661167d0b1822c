//! Where a webhook may go: to addresses that anybody can reach, and to those that the settings
//! name.
//!
//! A name is looked up once, and the connection goes to an address of that answer that was found
//! good: a name that points elsewhere a moment later gains nothing.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use futures::FutureExt as _;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::{Deserialize, Serialize};

/// Addresses with the same first bits, such as `10.1.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

/// Why a text names no addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no addresses; write one as `10.1.2.3`, or several as `10.1.0.0/16`")]
pub struct BadNet(String);

impl Net {
    fn holds(self, address: IpAddr) -> bool {
        let same = |ours: u128, theirs: u128, width: u32| {
            let rest = width.saturating_sub(u32::from(self.bits));
            ours.checked_shr(rest).unwrap_or(0) == theirs.checked_shr(rest).unwrap_or(0)
        };
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => same(ours.to_bits().into(), theirs.to_bits().into(), 32),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Net {
    type Err = BadNet;
    fn from_str(text: &str) -> Result<Self, BadNet> {
        let bad = || BadNet(text.chars().take(64).collect());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| bad())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(bad()) } else { Ok(Self { address, bits }) }
    }
}

impl TryFrom<String> for Net {
    type Error = BadNet;
    fn try_from(text: String) -> Result<Self, BadNet> {
        text.parse()
    }
}

impl From<Net> for String {
    fn from(net: Net) -> Self {
        format!("{}/{}", net.address, net.bits)
    }
}

/// Decides where calls may go.
#[derive(Debug, Clone)]
pub struct Guard {
    allowed: Arc<[Net]>,
}

/// A host has no address that may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it points into an inner network, where webhooks do not go; if that is meant, add its addresses to `allowInternal`"
)]
pub struct Inner;

impl Guard {
    /// Lets calls go to everybody's addresses and to these.
    pub fn new(allowed: &[Net]) -> Self {
        Self { allowed: allowed.into() }
    }

    /// The same to everybody's addresses and to this machine, for what is measured or tested on it.
    pub fn with_this_machine() -> Self {
        let (four, six) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        Self::new(&[Net { address: four, bits: 8 }, Net { address: six, bits: 128 }])
    }

    /// Whether calls may go to this address.
    pub fn lets(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|net| net.holds(address))
    }

    /// Whether calls may go to a URL as far as its host is a number, which is never looked up.
    pub fn lets_number(&self, url: &Url) -> bool {
        let number = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        number.is_none_or(|address| self.lets(address))
    }
}

/// Whether a call came to nothing because of where it would have gone.
pub(crate) fn is_inner(error: &(dyn Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    causes.into_iter().any(<dyn Error>::is::<Inner>)
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let good: Vec<SocketAddr> = found.into_iter().filter(|address| guard.lets(address.ip())).collect();
            if good.is_empty() {
                return Err(Inner.into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        }
        .boxed()
    }
}

/// Whether anybody on the Internet can reach this address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let special = match (first, second, third) {
        // This network, carrier-grade translation, assignments and tests of protocols.
        (0 | 240..=255, _, _)
        | (100, 64..=127, _)
        | (198, 18..=19, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 51, 100)
        | (203, 0, 113) => true,
        (_, _, _) => false,
    };
    !(special || address.is_private() || address.is_loopback() || address.is_link_local() || address.is_multicast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let [first, second, ..] = address.segments();
    // The 32 bits that have so many behind them.
    let v4 = |behind: u32| Ipv4Addr::from_bits(u32::try_from((bits >> behind) & 0xffff_ffff).unwrap_or_default());
    match (first, second) {
        // What is only another way to write an address of the old kind.
        (0x2002, _) => is_public_v4(v4(80)),
        (0x0064, 0xff9b) => (bits >> 32).trailing_zeros() >= 64 && is_public_v4(v4(0)),
        // Tunnels, protocol assignments, benchmarks and documentation.
        (0x2001, 0..=0x01ff | 0x0db8) | (0x3fff, 0..=0x0fff) => false,
        // Of all others, only these were ever handed out.
        (0x2000..=0x3fff, _) => true,
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_addresses_are_not_called_however_they_are_written() {
        let guard = Guard::new(&[]);
        for inner in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!guard.lets(inner.parse().unwrap()), "{inner}");
        }
        for public in ["93.184.216.34", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(guard.lets(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn what_is_allowed_is_no_more_than_was_said() {
        let guard =
            Guard::new(&["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap(), "127.0.0.1".parse().unwrap()]);
        for (address, wanted) in [
            ("10.1.255.255", true),
            ("::ffff:10.1.0.1", true),
            ("10.2.0.0", false),
            ("fd12::1", true),
            ("fc12::1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
        ] {
            assert_eq!(guard.lets(address.parse().unwrap()), wanted, "{address}");
        }
        assert!(Guard::new(&["0.0.0.0/0".parse().unwrap()]).lets("127.0.0.1".parse().unwrap()));
        for bad in ["", "x", "10.0.0.0/33", "10.0.0.0/x", "::/129"] {
            assert!(bad.parse::<Net>().is_err(), "{bad}");
        }
    }
}
