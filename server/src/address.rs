//! Where a request comes from, in a world of proxies: pure.
//!
//! What a request says of its way counts only where the other end of the connection is a proxy of
//! the settings, and then only back to the first address that is none: everything to the left of
//! that one is the client's own word.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};
use ipnet::IpNet;

/// The address that a client has, as far as the settings let one know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// What limits count by: an IPv6 client has a whole network of addresses to choose from.
    pub(crate) fn counted(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                IpAddr::V6(network.into())
            }
        }
    }
}

/// More hops than any honest way has: what is left of them does not count.
const HOPS_MAX: usize = 32;

/// The other end of a connection, or whom it speaks for.
pub(crate) fn client_address(
    peer: IpAddr,
    headers: &HeaderMap,
    trusted_proxies: &[IpNet],
) -> ClientAddress {
    let mut found = peer.to_canonical();
    let hops = hops(headers);
    let mut left = hops.iter().rev().take(HOPS_MAX);
    while is_trusted(found, trusted_proxies) {
        match left.next() {
            // A proxy that hides where a request came from, or a word that is no address.
            Some(Some(hop)) => found = hop.to_canonical(),
            Some(None) | None => break,
        }
    }
    ClientAddress(found)
}

/// Whether an address is a proxy's.
pub(crate) fn is_trusted(address: IpAddr, trusted_proxies: &[IpNet]) -> bool {
    let address = address.to_canonical();
    trusted_proxies
        .iter()
        .any(|network| network.contains(&address))
}

/// The way of a request, the client first. `X-Forwarded-For` counts where there is one, since that
/// is what proxies add to by default; `None` is a hop that gives no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let values = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|value| value.trim().to_owned())
            .collect()
    };
    let of_list = values("x-forwarded-for");
    if !of_list.is_empty() {
        return of_list.iter().map(|text| address(text)).collect();
    }
    let forwarded = values(header::FORWARDED.as_str());
    forwarded
        .iter()
        .map(|element| forwarded_for(element))
        .collect()
}

/// The `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.eq_ignore_ascii_case("for").then(|| address(value))?
    })
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse()
        .ok()
        .or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8".parse().expect("a network")].into();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a value"));
        }
        let peer = peer.parse().expect("an address");
        client_address(peer, &map, &trusted).0.to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let spoofed = [("x-forwarded-for", "1.2.3.4")];
        assert_eq!(client("203.0.113.9", &spoofed), "203.0.113.9");
        let spoofed = [("forwarded", "for=1.2.3.4")];
        assert_eq!(client("203.0.113.9", &spoofed), "203.0.113.9");
    }

    #[test]
    fn behind_a_proxy_the_last_stranger_on_the_way_is_the_client() {
        let honest = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client(PROXY, &honest), "203.0.113.9");
        let lied = [("x-forwarded-for", "1.2.3.4, 203.0.113.9, 10.0.0.7")];
        assert_eq!(client(PROXY, &lied), "203.0.113.9");
        let two_lines = [
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-for", "203.0.113.9"),
        ];
        assert_eq!(client(PROXY, &two_lines), "203.0.113.9");
    }

    #[test]
    fn forwarded_is_read_with_its_quotes_and_ports() {
        let header = [(
            "forwarded",
            "for=1.2.3.4, For=\"[2001:db8::7]:4711\";proto=https",
        )];
        assert_eq!(client(PROXY, &header), "2001:db8::7");
        let header = [("forwarded", "for=203.0.113.9:1234")];
        assert_eq!(client(PROXY, &header), "203.0.113.9");
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_search() {
        let hidden = [("x-forwarded-for", "1.2.3.4, unknown")];
        assert_eq!(client(PROXY, &hidden), PROXY);
        assert_eq!(client(PROXY, &[]), PROXY);
    }

    #[test]
    fn a_mapped_address_is_the_one_that_it_stands_for() {
        let header = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client("::ffff:10.0.0.1", &header), "203.0.113.9");
    }

    #[test]
    fn an_endless_way_is_not_walked() {
        let long = vec!["10.0.0.2"; 1_000].join(",");
        assert_eq!(client(PROXY, &[("x-forwarded-for", &long)]), "10.0.0.2");
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let counted = |text: &str| ClientAddress(text.parse().expect("an address")).counted();
        assert_eq!(counted("2001:db8::1"), counted("2001:db8::ffff:1"));
        assert_ne!(counted("2001:db8::1"), counted("2001:db8:0:1::1"));
    }
}
