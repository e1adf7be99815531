//! How much one person, and one address, may say over all their sockets together.
//!
//! The sockets of one share what they have used up, without a lock. What is used up outlives the
//! sockets until it is paid: whoever closes them and comes again begins no new burst.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::settings::TrafficLimits;

/// Those who have paid and gone are forgotten each time that so many have come.
const SWEEP_EVERY: usize = 1_024;

/// A rate, and how much of it may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) per_s: u32,
    pub(crate) burst: u32,
}

/// How long so much takes at so much a second.
pub(crate) fn time_of(amount: u64, per_s: u32) -> Duration {
    let nanoseconds = u128::from(amount) * 1_000_000_000 / u128::from(per_s.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// The rates of one kind of holder, and what they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rates {
    pub(crate) frames: Rate,
    pub(crate) bytes: Rate,
    frames_limit: &'static str,
    bytes_limit: &'static str,
}

impl Rates {
    pub(crate) const fn of_user(limits: &TrafficLimits) -> Self {
        Self {
            frames: Rate {
                per_s: limits.frames_per_user_per_s,
                burst: limits.frames_per_user_burst,
            },
            bytes: Rate {
                per_s: limits.received_bytes_per_user_per_s,
                burst: limits.received_bytes_per_user_burst,
            },
            frames_limit: "frames_per_user_per_s",
            bytes_limit: "received_bytes_per_user_per_s",
        }
    }

    pub(crate) const fn of_address(limits: &TrafficLimits) -> Self {
        Self {
            frames: Rate {
                per_s: limits.frames_per_address_per_s,
                burst: limits.frames_per_address_burst,
            },
            bytes: Rate {
                per_s: limits.received_bytes_per_address_per_s,
                burst: limits.received_bytes_per_address_burst,
            },
            frames_limit: "frames_per_address_per_s",
            bytes_limit: "received_bytes_per_address_per_s",
        }
    }
}

/// A time to wait, and the limit that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) time: Duration,
    pub(crate) limit: &'static str,
}

impl Wait {
    pub(crate) fn is_zero(&self) -> bool {
        self.time.is_zero()
    }
}

/// What the sockets of one holder have used up (the generic cell rate algorithm): when all that
/// came would have come at exactly the rate, in nanoseconds since `zero`.
#[derive(Debug)]
pub(crate) struct Share {
    zero: Instant,
    rates: Rates,
    frames_paid: AtomicU64,
    bytes_paid: AtomicU64,
}

impl Share {
    fn new(zero: Instant, rates: Rates) -> Self {
        Self {
            zero,
            rates,
            frames_paid: AtomicU64::new(0),
            bytes_paid: AtomicU64::new(0),
        }
    }

    /// Takes what one of the sockets has read, and says how long that one is to wait before more.
    pub(crate) fn take(&self, now: Instant, frames: usize, bytes: usize) -> Wait {
        let now = nanoseconds(now.saturating_duration_since(self.zero));
        let Rates {
            frames: of_frames,
            bytes: of_bytes,
            ..
        } = self.rates;
        let for_frames = spend(&self.frames_paid, now, frames, of_frames);
        let for_bytes = spend(&self.bytes_paid, now, bytes, of_bytes);
        match for_frames >= for_bytes {
            true => Wait {
                time: for_frames,
                limit: self.rates.frames_limit,
            },
            false => Wait {
                time: for_bytes,
                limit: self.rates.bytes_limit,
            },
        }
    }

    fn is_paid(&self, now: Instant) -> bool {
        let now = nanoseconds(now.saturating_duration_since(self.zero));
        let paid = |until: &AtomicU64| until.load(Ordering::Relaxed) <= now;
        paid(&self.frames_paid) && paid(&self.bytes_paid)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn spend(paid: &AtomicU64, now: u64, amount: usize, rate: Rate) -> Duration {
    let cost = nanoseconds(time_of(amount as u64, rate.per_s));
    let after = |paid: u64| paid.max(now).saturating_add(cost);
    // The order among sockets of one holder does not matter, only the sum.
    let before = paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid| {
        Some(after(paid))
    });
    let paid = after(before.unwrap_or(now));
    let ahead = Duration::from_nanos(paid.saturating_sub(now));
    ahead.saturating_sub(time_of(u64::from(rate.burst), rate.per_s))
}

/// The shares of all holders of one kind.
#[derive(Debug)]
pub(crate) struct Flows<K> {
    rates: Rates,
    shares: Mutex<Shares<K>>,
}

#[derive(Debug)]
struct Shares<K> {
    of: HashMap<K, Arc<Share>>,
    came: usize,
}

impl<K: Hash + Eq> Flows<K> {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            rates,
            shares: Mutex::new(Shares {
                of: HashMap::new(),
                came: 0,
            }),
        }
    }

    /// What a socket of this holder counts against.
    pub(crate) fn share(&self, now: Instant, holder: K) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.came += 1;
        if shares.came >= SWEEP_EVERY {
            shares.came = 0;
            shares
                .of
                .retain(|_, share| Arc::strong_count(share) > 1 || !share.is_paid(now));
            shares.of.shrink_to_fit();
        }
        let share = shares.of.entry(holder);
        share
            .or_insert_with(|| Arc::new(Share::new(now, self.rates)))
            .clone()
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.of.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows() -> Flows<u32> {
        Flows::new(Rates::of_user(&TrafficLimits {
            frames_per_user_per_s: 100,
            frames_per_user_burst: 1_000,
            received_bytes_per_user_per_s: 1_000,
            received_bytes_per_user_burst: 50_000,
            ..TrafficLimits::default()
        }))
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_sockets_of_one_have_one_burst_and_those_of_another_their_own() {
        let now = Instant::now();
        let flows = flows();
        let sockets: Vec<_> = (0..10).map(|_| flows.share(now, 1)).collect();
        for socket in &sockets {
            assert!(socket.take(now, 100, 10).is_zero());
        }
        let wait = sockets[3].take(now, 100, 10);
        assert_eq!(
            (wait.time, wait.limit),
            (ms(1_000), "frames_per_user_per_s")
        );
        assert!(flows.share(now, 2).take(now, 100, 10).is_zero());
        let wait = flows.share(now, 2).take(now, 1, 60_000);
        assert_eq!(wait.limit, "received_bytes_per_user_per_s");
        // After the pause there is room again.
        assert!(sockets[5].take(now + ms(2_000), 100, 10).is_zero());
    }

    #[test]
    fn who_goes_and_comes_again_begins_no_new_burst() {
        let now = Instant::now();
        let flows = flows();
        assert!(flows.share(now, 1).take(now, 1_000, 10).is_zero());
        for other in 0..3 * SWEEP_EVERY as u32 {
            drop(flows.share(now, 2 + other));
        }
        assert!(!flows.share(now, 1).take(now, 100, 10).is_zero());
    }

    #[test]
    fn who_has_paid_and_gone_is_forgotten() {
        let now = Instant::now();
        let flows = flows();
        let kept = flows.share(now, 0);
        for other in 1..10 * SWEEP_EVERY as u32 {
            drop(flows.share(now, other));
        }
        assert!(flows.len() <= SWEEP_EVERY + 1);
        assert!(Arc::ptr_eq(&kept, &flows.share(now, 0)));
    }
}
