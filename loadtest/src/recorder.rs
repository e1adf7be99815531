//! Latencies and counts of all clients, kept in histograms from the start.

use std::{
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest latency that is told apart: longer than any run waits.
const MICROSECONDS_MAX: u64 = 4_294_967_295;
/// Errors that are kept for the report.
const ERRORS_MAX: usize = 20;
/// Few threads record at the same time.
const SHARDS: usize = 8;

/// What a latency is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From the due time of an edit to its arrival at another client.
    Seen,
    /// From the due time of an edit to the acknowledgement at its author.
    Saved,
    /// From the due time of an edit until the generator made it.
    Late,
    /// From the due time of a connection until the document was in sync.
    Joined,
    /// Edits whose way led across the server's absence.
    Outage,
}

pub(crate) const KINDS: [(Kind, &str); 5] = [
    (Kind::Seen, "edit to seen"),
    (Kind::Saved, "edit to saved"),
    (Kind::Joined, "join to synced"),
    (Kind::Outage, "across the outage"),
    (Kind::Late, "own lateness"),
];

type Histograms = [Histogram<u64>; KINDS.len()];

fn histograms() -> Result<Histograms> {
    let new = || Histogram::new_with_bounds(1, MICROSECONDS_MAX, 3);
    Ok([new()?, new()?, new()?, new()?, new()?])
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// Of what.
    pub name: &'static str,
    /// How many were measured.
    pub count: u64,
    /// Half of them are below.
    pub p50_ms: f64,
    /// 99 of 100 are below.
    pub p99_ms: f64,
    /// 999 of 1,000 are below.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Latency {
    fn of(name: &'static str, histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            name,
            count: histogram.len(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: histogram.max() as f64 / 1_000.0,
        }
    }
}

/// Everything that clients measure.
#[derive(Debug)]
pub(crate) struct Recorder {
    shards: Vec<Mutex<Histograms>>,
    total: Mutex<Histograms>,
    pub(crate) made: AtomicU64,
    pub(crate) holes: AtomicU64,
    pub(crate) reconnects: AtomicU64,
    errors: Mutex<Vec<String>>,
    failed: AtomicU64,
}

/// One client's access to its shard.
pub(crate) struct Records<'a>(MutexGuard<'a, Histograms>);

impl Records<'_> {
    pub(crate) fn add(&mut self, kind: Kind, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(MICROSECONDS_MAX);
        self.0[kind as usize].saturating_record(us);
    }
}

impl Recorder {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            shards: (0..SHARDS)
                .map(|_| histograms().map(Mutex::new))
                .collect::<Result<_>>()?,
            total: Mutex::new(histograms()?),
            made: AtomicU64::new(0),
            holes: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
            errors: Mutex::new(Vec::new()),
            failed: AtomicU64::new(0),
        })
    }

    /// The shard of a client: to be held for one frame.
    pub(crate) fn records(&self, client: usize) -> Records<'_> {
        Records(lock(&self.shards[client % SHARDS]))
    }

    pub(crate) fn add(&self, client: usize, kind: Kind, latency: Duration) {
        self.records(client).add(kind, latency);
    }

    /// An error makes the run a failed one.
    pub(crate) fn error(&self, error: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut errors = lock(&self.errors);
        if errors.len() < ERRORS_MAX {
            errors.push(error);
        }
    }

    pub(crate) fn errors(&self) -> Vec<String> {
        lock(&self.errors).clone()
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed) > 0
    }

    /// What was recorded since the last call; it goes into the total.
    pub(crate) fn interval(&self) -> Result<Vec<Latency>> {
        let mut interval = histograms()?;
        for shard in &self.shards {
            for (sum, part) in interval.iter_mut().zip(lock(shard).iter_mut()) {
                if !part.is_empty() {
                    sum.add(&*part)?;
                    part.reset();
                }
            }
        }
        let mut total = lock(&self.total);
        for (sum, part) in total.iter_mut().zip(&interval) {
            if !part.is_empty() {
                sum.add(part)?;
            }
        }
        Ok(named(&interval))
    }

    /// Everything so far.
    pub(crate) fn total(&self) -> Result<Vec<Latency>> {
        self.interval()?;
        Ok(named(&lock(&self.total)))
    }

    /// How often edits were seen so far.
    pub(crate) fn seen_count(&self) -> Result<u64> {
        self.interval()?;
        let total = lock(&self.total);
        Ok(total[Kind::Seen as usize].len() + total[Kind::Outage as usize].len())
    }
}

fn named(histograms: &Histograms) -> Vec<Latency> {
    KINDS
        .iter()
        .filter(|(kind, _)| !histograms[*kind as usize].is_empty())
        .map(|(kind, name)| Latency::of(name, &histograms[*kind as usize]))
        .collect()
}

/// A panic while recording is the end of that client, not of all figures.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_microseconds_and_of_minutes_are_told_apart() {
        let recorder = Recorder::new().expect("histograms");
        for (client, us) in [5, 5_000, 60_000_000].into_iter().enumerate() {
            recorder.add(client, Kind::Seen, Duration::from_micros(us));
        }
        let interval = recorder.interval().expect("an interval");
        assert_eq!(interval.len(), 1);
        assert!((interval[0].p50_ms - 5.0).abs() < 0.01);
        assert!((interval[0].max_ms - 60_000.0).abs() < 100.0);
        assert!(recorder.interval().expect("an interval").is_empty());
        assert_eq!(recorder.total().expect("all")[0].count, 3);
    }
}
