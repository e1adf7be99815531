//! How long to wait before the next connection: exponential with full jitter.

/// Delays that grow with each failure. Full jitter spreads the clients of a restarted server.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: u32,
    random: u64,
}

/// The first delay's upper bound.
const BASE_MS: u64 = 500;
/// The upper bound of every delay.
const CAP_MS: u64 = 30_000;
/// The least delay, so that no client spins.
const FLOOR_MS: u64 = 50;
/// Where a server asked for patience, the delay is at least this.
const LATER_MS: u64 = 2_000;

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        // An all-zero state would stay zero for ever.
        Self {
            failures: 0,
            random: seed | 1,
        }
    }

    /// The connection proved to be stable: start over with short delays.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The delay after one more failure; longer where the server said "later".
    pub(crate) fn next_ms(&mut self, later: bool) -> u64 {
        let bound = (BASE_MS << self.failures.min(10)).min(CAP_MS);
        self.failures = self.failures.saturating_add(1);
        let floor = if later { LATER_MS } else { FLOOR_MS };
        floor + self.next_random() % bound
    }

    /// xorshift64: the quality that jitter needs, and the same delays for the same seed.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_cap_and_start_over() {
        let mut backoff = Backoff::new(7);
        let early = (0..3).map(|_| backoff.next_ms(false)).max();
        assert!(early < Some(FLOOR_MS + 2_000));
        let late: Vec<u64> = (0..200).map(|_| backoff.next_ms(false)).collect();
        assert!(late.iter().all(|delay| *delay < FLOOR_MS + CAP_MS));
        assert!(late.iter().any(|delay| *delay > CAP_MS / 2), "never grew");
        backoff.reset();
        assert!(backoff.next_ms(false) < FLOOR_MS + BASE_MS);
    }

    #[test]
    fn seeds_spread_clients_and_repeat() {
        let first = |seed| Backoff::new(seed).next_ms(false);
        assert_eq!(first(40), first(40));
        let mut delays: Vec<u64> = (0..50).map(|seed| first(seed * 7_919)).collect();
        delays.dedup();
        assert!(delays.len() > 20);
    }

    #[test]
    fn patience_is_kept() {
        assert!(Backoff::new(1).next_ms(true) >= LATER_MS);
    }
}
