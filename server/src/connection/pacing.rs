//! How fast one socket is read: pure, the time is an argument. What all sockets of a person or an
//! address have used up together ([`crate::flow`]) slows each of them, too.
//!
//! What a client has sent is never thrown away. Over its rate a socket is read later, so that the
//! client's own machine holds the rest; a client that keeps that up is sent away for a while, and so
//! is one that has sent so much at once that reading it would take as long.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    flow::{Rate, Wait, time_of},
    settings::TrafficLimits,
};

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

    /// So much has been read; `of_user` and `of_address` are what that comes to in their sums.
    pub(super) fn took(
        &mut self,
        now: Instant,
        (frames, bytes): (usize, usize),
        of_user: Option<Wait>,
        of_address: Option<Wait>,
        limits: &TrafficLimits,
    ) -> Pace {
        let own = self.own(now, frames, bytes, limits);
        let patience = Duration::from_millis(limits.slowed_ms_max);
        if own.time > patience {
            return Pace::Flood;
        }
        let waits = [Some(own), of_user, of_address].into_iter().flatten();
        let longest = waits.max_by_key(|wait| wait.time).unwrap_or(own);
        if longest.is_zero() {
            self.slowed_since = None;
            return Pace::Fine;
        }
        self.resume_at = Some(now + longest.time.min(patience));
        let since = match self.slowed_since {
            Some(since) => since,
            None => {
                self.slowed_since = Some(now);
                return Pace::Slowed(longest.limit);
            }
        };
        // An address may be a whole house: its people are slowed together, and none is sent away
        // for what the others do.
        let is_own_doing = !own.is_zero() || of_user.is_some_and(|wait| !wait.is_zero());
        match is_own_doing && now - since > patience {
            true => Pace::Flood,
            false => Pace::Slow,
        }
    }

    fn own(&mut self, now: Instant, frames: usize, bytes: usize, limits: &TrafficLimits) -> Wait {
        let of_frames = Rate {
            per_s: limits.frames_per_s,
            burst: limits.frames_burst,
        };
        let of_bytes = Rate {
            per_s: limits.received_bytes_per_s,
            burst: limits.received_bytes_burst,
        };
        let for_frames = self.frames.take(now, frames, of_frames);
        let for_bytes = self.bytes.take(now, bytes, of_bytes);
        match for_frames >= for_bytes {
            true => Wait {
                time: for_frames,
                limit: "frames_per_s",
            },
            false => Wait {
                time: for_bytes,
                limit: "received_bytes_per_s",
            },
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

    fn took(pacing: &mut Pacing, now: Instant, frames: usize, bytes: usize) -> Pace {
        pacing.took(now, (frames, bytes), None, None, &limits())
    }

    #[test]
    fn fast_typing_is_never_slowed() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        for stroke in 0..100_000 {
            let pace = took(&mut pacing, start + ms(stroke * 25), 2, 20);
            assert_eq!(pace, Pace::Fine);
        }
    }

    #[test]
    fn a_first_sync_of_the_burst_passes_at_once_and_the_next_waits() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        assert_eq!(took(&mut pacing, start, 1, 50_000), Pace::Fine);
        let slowed = Pace::Slowed("received_bytes_per_s");
        assert_eq!(took(&mut pacing, start, 1, 2_000), slowed);
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
            let pace = took(&mut pacing, now, 500, 0);
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
        assert_eq!(took(&mut pacing, start, 2_100, 0), Pace::Flood);
    }

    #[test]
    fn who_pauses_is_no_flood() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        for minute in 0..60 {
            let now = start + ms(minute * 60_000);
            let slowed = Pace::Slowed("frames_per_s");
            assert_eq!(took(&mut pacing, now, 1_100, 0), slowed);
            assert!(pacing.resume(now + ms(1_000)));
            assert_eq!(took(&mut pacing, now + ms(2_000), 1, 0), Pace::Fine);
        }
    }

    #[test]
    fn what_others_of_the_same_house_say_slows_and_never_ends() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        let wait = |milliseconds| Wait {
            time: ms(milliseconds),
            limit: "of all",
        };
        let (mut now, mut by_user) = (start, Pacing::new(start));
        assert_eq!(
            pacing.took(now, (1, 1), None, Some(wait(5)), &limits()),
            Pace::Slowed("of all")
        );
        for _ in 0..100 {
            now += ms(1_000);
            let pace = pacing.took(now, (1, 1), None, Some(wait(500_000)), &limits());
            assert_eq!(pace, Pace::Slow);
            assert!(pacing.resume_at() <= Some(now + ms(10_000)));
        }
        // One person's own sockets are that person's doing.
        by_user.took(start, (1, 1), Some(wait(5)), None, &limits());
        let pace = by_user.took(now, (1, 1), Some(wait(5)), None, &limits());
        assert_eq!(pace, Pace::Flood);
    }
}
