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
    pub(crate) made: u64,
    pub(crate) holes: u64,
    pub(crate) reconnects: u64,
    pub(crate) errors: Vec<String>,
}

/// Errors that are kept for the report.
const ERRORS_MAX: usize = 20;

impl Totals {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            seen: Histogram::new(3)?,
            saved: Histogram::new(3)?,
            made: 0,
            holes: 0,
            reconnects: 0,
            errors: Vec::new(),
        })
    }

    pub(crate) fn add(&mut self, tally: Tally) {
        for value in tally.seen_us {
            self.seen.saturating_record(u64::from(value));
        }
        for value in tally.saved_us {
            self.saved.saturating_record(u64::from(value));
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

fn microseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
