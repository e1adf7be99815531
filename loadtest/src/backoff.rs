//! When to come back after a broken connection: doubling, with full jitter, like the client core.

use std::time::Duration;

/// The first delay's upper bound, and that of every delay.
const BASE_MS: u64 = 500;
const CAP_MS: u64 = 30_000;
/// The least delay, so that nobody spins.
const FLOOR_MS: u64 = 50;

/// A small generator: the quality that jitter needs.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Between half and one and a half of this.
    pub(crate) fn around(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(0.5 + (self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn next(&mut self, random: &mut Random) -> Duration {
        let bound = (BASE_MS << self.failures.min(10)).min(CAP_MS);
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(FLOOR_MS + random.next() % bound)
    }
}
