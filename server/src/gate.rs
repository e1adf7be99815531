//! How many requests an address, and a credential, may make.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash},
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::{address::ClientAddress, settings::TrafficLimits};

/// Those who have not asked for a while are forgotten each so many requests. In between at most as
/// many come as there are requests, each of which costs a connection or a round trip.
const SWEEP_EVERY: u32 = 4_096;

/// Rates of all who ask.
#[derive(Debug)]
pub(crate) struct Gate {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    /// By a digest that nothing outside this process can make: no secret is kept.
    credentials: DefaultKeyedRateLimiter<u64>,
    digest: RandomState,
    clock: DefaultClock,
    asked: AtomicU32,
}

/// A request that has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    /// Which limit it is.
    pub(crate) limit: &'static str,
    /// When to try again.
    pub(crate) wait: Duration,
}

impl Gate {
    pub(crate) fn new(limits: &TrafficLimits) -> Self {
        let of_address = quota(
            limits.requests_per_address_per_s,
            limits.requests_per_address_burst,
        );
        let of_user = quota(
            limits.requests_per_user_per_s,
            limits.requests_per_user_burst,
        );
        Self {
            addresses: RateLimiter::keyed(of_address),
            credentials: RateLimiter::keyed(of_user),
            digest: RandomState::new(),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
        }
    }

    /// Counts one request.
    pub(crate) fn pass(
        &self,
        client: ClientAddress,
        credential: Option<&[u8]>,
    ) -> Result<(), TooMany> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            forget_quiet(&self.addresses);
            forget_quiet(&self.credentials);
        }
        self.check(
            &self.addresses,
            &client.counted(),
            "requests_per_address_per_s",
        )?;
        match credential {
            Some(credential) => self.check(
                &self.credentials,
                &self.digest.hash_one(credential),
                "requests_per_user_per_s",
            ),
            None => Ok(()),
        }
    }

    fn check<K: Hash + Eq + Clone>(
        &self,
        rates: &DefaultKeyedRateLimiter<K>,
        key: &K,
        limit: &'static str,
    ) -> Result<(), TooMany> {
        let checked = rates.check_key(key);
        checked.map_err(|until| TooMany {
            limit,
            wait: until.wait_time_from(self.clock.now()),
        })
    }
}

fn forget_quiet<K: Hash + Eq + Clone>(rates: &DefaultKeyedRateLimiter<K>) {
    rates.retain_recent();
    rates.shrink_to_fit();
}

/// The settings have refused zeros.
fn quota(per_s: u32, burst: u32) -> Quota {
    let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(positive(per_s)).allow_burst(positive(burst))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(&TrafficLimits {
            requests_per_address_per_s: 1,
            requests_per_address_burst: 5,
            requests_per_user_per_s: 1,
            requests_per_user_burst: 2,
            ..TrafficLimits::default()
        })
    }

    fn client(text: &str) -> ClientAddress {
        ClientAddress(text.parse().expect("an address"))
    }

    #[test]
    fn an_address_has_its_burst_and_then_waits_while_others_pass() {
        let gate = gate();
        for _ in 0..5 {
            assert!(gate.pass(client("192.0.2.1"), None).is_ok());
        }
        let refused = gate.pass(client("192.0.2.1"), None).expect_err("too many");
        assert_eq!(refused.limit, "requests_per_address_per_s");
        assert!(refused.wait <= Duration::from_secs(1) && !refused.wait.is_zero());
        assert!(gate.pass(client("192.0.2.2"), None).is_ok());
    }

    #[test]
    fn a_credential_counts_from_wherever_it_is_shown() {
        let gate = gate();
        let from = |last: u8| gate.pass(client(&format!("192.0.2.{last}")), Some(b"secret"));
        assert!(from(1).is_ok());
        assert!(from(2).is_ok());
        assert_eq!(
            from(3).expect_err("too many").limit,
            "requests_per_user_per_s"
        );
    }

    #[test]
    fn those_who_have_gone_are_forgotten() {
        let gate = Gate::new(&TrafficLimits {
            requests_per_address_per_s: 1_000_000,
            requests_per_address_burst: 1,
            ..TrafficLimits::default()
        });
        for number in 0..10 * SWEEP_EVERY {
            let address = ClientAddress(IpAddr::V4(number.into()));
            assert!(gate.pass(address, None).is_ok());
        }
        assert!(gate.addresses.len() <= SWEEP_EVERY as usize + 1);
    }
}
