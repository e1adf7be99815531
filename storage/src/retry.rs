//! How long to wait before the next attempt: a pure function, so that tests can say what it does.

use std::time::Duration;

const FIRST_MS: u64 = 100;
/// Short, because people wait for their edits to be saved when the store comes back.
const LAST_MS: u64 = 5_000;

/// The wait after `failures` failures in a row: doubling, then steady, and each time somewhere
/// in its upper half, so that nodes which failed together do not come back together.
pub(crate) fn backoff(failures: u32, random: u128) -> Duration {
    let whole_ms = FIRST_MS
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LAST_MS);
    let half_ms = whole_ms / 2;
    Duration::from_millis(half_ms + (random % u128::from(half_ms + 1)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_differ() {
        let ms = |failures, random| backoff(failures, random).as_millis();
        assert_eq!((ms(1, 0), ms(1, 50)), (50, 100));
        assert_eq!((ms(2, 0), ms(3, 0)), (100, 200));
        assert_eq!((ms(1000, 0), ms(u32::MAX, 2500)), (2500, 5000));
    }
}
