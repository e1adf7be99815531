//! How fast one socket is read: pure, the time is an argument.
//!
//! What a client has sent is never thrown away. Over its rate a socket is read later, so that the
//! client's own machine holds the rest; a client that keeps that up is sent away for a while, and so
//! is one that has sent so much at once that reading it would take as long.

use std::time::Duration;

use tokio::time::Instant;

use crate::settings::TrafficLimits;

/// A rate, and how much of it may come at once.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_s: u32,
    burst: u32,
}

/// How much of a rate is used up (the generic cell rate algorithm): one instant.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// When all that came would have come at exactly the rate.
    paid_at: Instant,
}

impl Bucket {
    /// Takes what has come, and says how long to wait before more.
    fn take(&mut self, now: Instant, amount: usize, rate: Rate) -> Duration {
        let cost = time_of(amount as u64, rate.per_s);
        self.paid_at = self.paid_at.max(now) + cost;
        let ahead = self.paid_at.saturating_duration_since(now);
        ahead.saturating_sub(time_of(u64::from(rate.burst), rate.per_s))
    }
}

fn time_of(amount: u64, per_s: u32) -> Duration {
    let nanoseconds = u128::from(amount) * 1_000_000_000 / u128::from(per_s.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// What has come of a socket, and when to read it again.
#[derive(Debug)]
pub(super) struct Pacing {
    frames: Bucket,
    bytes: Bucket,
    /// Not to be read before.
    resume_at: Option<Instant>,
    /// Over its rate since then, without a break.
    slowed_since: Option<Instant>,
}

/// What reading has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Within the rate.
    Fine,
    /// Over this limit, for the first time after a while within it.
    Slowed(&'static str),
    /// Still over it.
    Slow,
    /// Over it for too long.
    Flood,
}

impl Pacing {
    pub(super) fn new(now: Instant) -> Self {
        let bucket = Bucket { paid_at: now };
        Self {
            frames: bucket,
            bytes: bucket,
            resume_at: None,
            slowed_since: None,
        }
    }

    /// So much has been read.
    pub(super) fn took(
        &mut self,
        now: Instant,
        frames: usize,
        bytes: usize,
        limits: &TrafficLimits,
    ) -> Pace {
        let of_frames = Rate {
            per_s: limits.frames_per_s,
            burst: limits.frames_burst,
        };
        let of_bytes = Rate {
            per_s: limits.received_bytes_per_s,
            burst: limits.received_bytes_burst,
        };
        let for_frames = self.frames.take(now, frames, of_frames);
        let wait = for_frames.max(self.bytes.take(now, bytes, of_bytes));
        if wait.is_zero() {
            self.slowed_since = None;
            return Pace::Fine;
        }
        let patience = Duration::from_millis(limits.slowed_ms_max);
        if wait > patience {
            return Pace::Flood;
        }
        self.resume_at = Some(now + wait);
        let since = match self.slowed_since {
            Some(since) => since,
            None => {
                self.slowed_since = Some(now);
                return Pace::Slowed(match wait == for_frames {
                    true => "frames_per_s",
                    false => "received_bytes_per_s",
                });
            }
        };
        match now - since > patience {
            true => Pace::Flood,
            false => Pace::Slow,
        }
    }

    /// When to read again, where that is not now.
    pub(super) fn resume_at(&self) -> Option<Instant> {
        self.resume_at
    }

    /// Whether a pause has just ended.
    pub(super) fn resume(&mut self, now: Instant) -> bool {
        self.resume_at.take_if(|at| *at <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> TrafficLimits {
        TrafficLimits {
            frames_per_s: 100,
            frames_burst: 1_000,
            received_bytes_per_s: 1_000,
            received_bytes_burst: 50_000,
            slowed_ms_max: 10_000,
            ..TrafficLimits::default()
        }
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn fast_typing_is_never_slowed() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        for stroke in 0..100_000 {
            let pace = pacing.took(start + ms(stroke * 25), 2, 20, &limits());
            assert_eq!(pace, Pace::Fine);
        }
    }

    #[test]
    fn a_first_sync_of_the_burst_passes_at_once_and_the_next_waits() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        assert_eq!(pacing.took(start, 1, 50_000, &limits()), Pace::Fine);
        let slowed = Pace::Slowed("received_bytes_per_s");
        assert_eq!(pacing.took(start, 1, 2_000, &limits()), slowed);
        assert_eq!(pacing.resume_at(), Some(start + ms(2_000)));
        assert!(!pacing.resume(start + ms(1_999)));
        assert!(pacing.resume(start + ms(2_000)));
        assert_eq!(pacing.resume_at(), None);
    }

    #[test]
    fn a_flood_is_read_at_the_rate_and_ends_after_a_while() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        let (mut now, mut read) = (start, 0_u32);
        loop {
            read += 500;
            let pace = pacing.took(now, 500, 0, &limits());
            if pace == Pace::Flood {
                break;
            }
            now = pacing.resume_at().unwrap_or(now);
            pacing.resume(now);
        }
        let took = (now - start).as_secs();
        assert!((10..=20).contains(&took), "{took} s");
        // The burst, what the time allows, and what was read at once.
        assert!(read <= 1_000 + 100 * 21 + 500, "{read}");
    }

    #[test]
    fn what_would_take_too_long_to_read_is_a_flood_at_once() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        assert_eq!(pacing.took(start, 2_100, 0, &limits()), Pace::Flood);
    }

    #[test]
    fn who_pauses_is_no_flood() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        for minute in 0..60 {
            let now = start + ms(minute * 60_000);
            let slowed = Pace::Slowed("frames_per_s");
            assert_eq!(pacing.took(now, 1_100, 0, &limits()), slowed);
            assert!(pacing.resume(now + ms(1_000)));
            assert_eq!(pacing.took(now + ms(2_000), 1, 0, &limits()), Pace::Fine);
        }
    }
}
