//! Which addresses a webhook may reach. A name is resolved once for each attempt, and the
//! connection goes to an address that was checked: a name that changes in between changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::Uri;
use ipnet::IpNet;

/// Why there is no address to go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoTarget {
    #[error("the name is not known: {0}")]
    Unknown(String),
    #[error("{0} is not a public address, and allow_networks does not name it")]
    Private(IpAddr),
    #[error("{0} is a public address: plain http goes to allow_networks only")]
    Plain(IpAddr),
}

/// The first address, if all of them may be reached: one that may not shows that the name is not
/// what the operator thought.
pub(super) fn choose(
    addresses: &[SocketAddr],
    allowed: &[IpNet],
    is_plain: bool,
) -> Result<SocketAddr, NoTarget> {
    for address in addresses {
        let ip = address.ip().to_canonical();
        let is_named = allowed.iter().any(|network| network.contains(&ip));
        if !is_named && is_plain && is_public(ip) {
            return Err(NoTarget::Plain(ip));
        }
        if !is_named && !is_public(ip) {
            return Err(NoTarget::Private(ip));
        }
    }
    let first = addresses.first().copied();
    first.ok_or_else(|| NoTarget::Unknown("it has no address".into()))
}

/// Refuses at once an address that stands in the URL itself and may not be reached. Names are looked
/// at when something is sent.
pub(super) fn check_literal(url: &Uri, allowed: &[IpNet]) -> Result<(), String> {
    let host = url.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(ip) = host.parse::<IpAddr>() else {
        return Ok(());
    };
    let is_plain = url.scheme_str() == Some("http");
    choose(&[SocketAddr::new(ip, 0)], allowed, is_plain)
        .map(drop)
        .map_err(|refusal| refusal.to_string())
}

/// Whether an address is one of the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let protocol = a == 192 && b == 0 && c == 0;
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || shared
        || benchmark
        || protocol)
}

/// Global unicast, without those of it that lead to other networks or nowhere.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let global = first & 0xe000 == 0x2000;
    let documentation = first == 0x2001 && second == 0x0db8 || first == 0x3fff && second < 0x1000;
    // Teredo and others of 2001::/23, and 6to4, which has an IPv4 address inside.
    let special = first == 0x2001 && second < 0x0200 || first == 0x2002;
    // NAT64 stands outside of 2000::/3, so it is not public either.
    global && !documentation && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(ip: &str, allowed: &[&str], is_plain: bool) -> Result<SocketAddr, NoTarget> {
        let address = SocketAddr::new(ip.parse().expect("an address"), 443);
        let allowed: Vec<IpNet> = allowed
            .iter()
            .map(|n| n.parse().expect("a network"))
            .collect();
        choose(&[address], &allowed, is_plain)
    }

    #[test]
    fn only_public_addresses_are_reached_unless_named() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:0a00:0001::1",
            "2001:db8::1",
        ] {
            assert!(ask(private, &[], false).is_err(), "{private}");
        }
        for public in ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"] {
            assert!(ask(public, &[], false).is_ok(), "{public}");
        }
        assert!(ask("10.1.2.3", &["10.0.0.0/8"], false).is_ok());
        assert!(ask("10.1.2.3", &["10.0.0.0/8"], true).is_ok());
        assert!(ask("192.168.1.1", &["10.0.0.0/8"], false).is_err());
        assert!(ask("::ffff:10.1.2.3", &["10.0.0.0/8"], false).is_ok());
    }

    #[test]
    fn an_address_in_the_url_is_looked_at_before_anything_is_sent() {
        let check = |url: &str| check_literal(&url.parse().expect("a URL"), &[]);
        assert!(check("https://169.254.169.254/latest").is_err());
        assert!(check("https://[::1]:8443/").is_err());
        assert!(check("https://93.184.216.34/").is_ok());
        assert!(check("https://portal.example.org/").is_ok());
    }

    #[test]
    fn plain_http_never_leaves_the_named_networks() {
        assert!(ask("93.184.216.34", &["10.0.0.0/8"], true).is_err());
    }

    #[test]
    fn one_address_that_may_not_be_reached_is_enough() {
        let addresses = ["93.184.216.34:443", "10.0.0.1:443"];
        let addresses = addresses.map(|text| text.parse().expect("an address"));
        assert!(matches!(
            choose(&addresses, &[], false),
            Err(NoTarget::Private(_))
        ));
        assert!(matches!(choose(&[], &[], false), Err(NoTarget::Unknown(_))));
    }
}
