//! Latencies and counts of one client, and of all.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use unisson_protocol::scan::ClockRange;

use crate::plan::Plan;

/// What one client saw, in microseconds since each edit was due.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) seen_us: Vec<u32>,
    pub(crate) saved_us: Vec<u32>,
    /// How late the generator itself was with each edit.
    pub(crate) late_us: Vec<u32>,
    pub(crate) made: u64,
    /// Edits that came without one before them.
    pub(crate) holes: u64,
    pub(crate) reconnects: u64,
    pub(crate) errors: Vec<String>,
}

/// How far each writer of a document was seen. Edits come in order and may come twice or merged.
#[derive(Debug)]
pub(crate) struct Progress {
    document: usize,
    next: Vec<u32>,
}

impl Progress {
    pub(crate) fn new(plan: &Plan, document: usize) -> Self {
        Self {
            document,
            next: vec![0; plan.writers],
        }
    }

    /// The latencies of the edits in these ranges that are new; and whether one is missing.
    pub(crate) fn advance(
        &mut self,
        plan: &Plan,
        start: Instant,
        ranges: &[ClockRange],
        latencies: &mut Vec<u32>,
    ) -> bool {
        let mut hole = false;
        for range in ranges {
            let Some(writer) = plan.writer_of(range.client_id) else {
                continue;
            };
            let Some(next) = self.next.get_mut(writer) else {
                continue;
            };
            hole |= range.clock > *next;
            let end = (range.clock + range.len).min(plan.edits_each());
            for edit in (*next).max(range.clock)..end {
                let late = start
                    .elapsed()
                    .saturating_sub(plan.due(self.document, writer, edit));
                latencies.push(microseconds(late));
            }
            *next = (*next).max(end);
        }
        hole
    }

    /// Whether every edit of every writer but `except` was seen.
    pub(crate) fn is_complete(&self, plan: &Plan, except: Option<usize>) -> bool {
        self.next
            .iter()
            .enumerate()
            .all(|(writer, next)| Some(writer) == except || *next >= plan.edits_each())
    }
}

/// Everything of all clients.
#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) seen: Histogram<u64>,
    pub(crate) saved: Histogram<u64>,
    pub(crate) late: Histogram<u64>,
    pub(crate) made: u64,
    pub(crate) holes: u64,
    pub(crate) reconnects: u64,
    pub(crate) errors: Vec<String>,
}

/// The longest latency that is told apart: longer than any run waits.
const MICROSECONDS_MAX: u64 = 4_294_967_295;
/// Errors that are kept for the report.
const ERRORS_MAX: usize = 20;

impl Totals {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            seen: Histogram::new_with_bounds(1, MICROSECONDS_MAX, 3)?,
            saved: Histogram::new_with_bounds(1, MICROSECONDS_MAX, 3)?,
            late: Histogram::new_with_bounds(1, MICROSECONDS_MAX, 3)?,
            made: 0,
            holes: 0,
            reconnects: 0,
            errors: Vec::new(),
        })
    }

    pub(crate) fn add(&mut self, tally: Tally) {
        for (histogram, values) in [
            (&mut self.seen, tally.seen_us),
            (&mut self.saved, tally.saved_us),
            (&mut self.late, tally.late_us),
        ] {
            for value in values {
                histogram.saturating_record(u64::from(value));
            }
        }
        self.made += tally.made;
        self.holes += tally.holes;
        self.reconnects += tally.reconnects;
        for error in tally.errors {
            self.error(error);
        }
    }

    pub(crate) fn error(&mut self, error: String) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        }
    }
}

pub(crate) fn microseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_microseconds_and_of_minutes_are_told_apart() {
        let mut totals = Totals::new().expect("histograms");
        totals.add(Tally {
            seen_us: vec![5, 5_000, 60_000_000],
            ..Tally::default()
        });
        assert_eq!(totals.seen.value_at_quantile(0.3), 5);
        assert!(totals.seen.value_at_quantile(0.6).abs_diff(5_000) <= 5);
        assert!(totals.seen.max().abs_diff(60_000_000) < 100_000);
    }
}
