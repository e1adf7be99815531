//! Figures for metrics and health, taken without waiting for the disk.

use std::time::{Duration, Instant};

use crate::meter::RequestFigures;

/// Upper bounds of the buckets of [`Histogram`], in microseconds; one more bucket has the rest.
pub const BUCKETS_US: [u64; 12] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
];

/// Durations by size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Histogram {
    /// How many fell into each bucket of [`BUCKETS_US`], and last how many were longer.
    pub counts: [u64; BUCKETS_US.len() + 1],
    /// The sum of all, in microseconds.
    pub sum_us: u64,
    /// How many there were.
    pub count: u64,
}

impl Histogram {
    pub(crate) fn record(&mut self, duration: Duration) {
        let us = duration.as_micros() as u64;
        let bucket = BUCKETS_US.partition_point(|&bound| bound < us);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum_us += us;
        self.count += 1;
    }
}

/// A moment's figures.
#[derive(Debug, Clone, Default)]
pub struct StoreStatus {
    /// Updates made durable since the start.
    pub appended_count: u64,
    /// Their bytes.
    pub appended_bytes: u64,
    /// Updates refused since the start.
    pub refused_count: u64,
    /// How long each `fdatasync` with its write took.
    pub sync: Histogram,
    /// How long the last one took, in microseconds.
    pub last_sync_us: u64,
    /// From append to durable.
    pub append: Histogram,
    /// Updates waiting or being written.
    pub queue_count: usize,
    /// Their bytes.
    pub queue_bytes: usize,
    /// The age of the oldest of them, in milliseconds.
    pub oldest_undurable_ms: u64,
    /// Logged bytes that are not in segments yet.
    pub unsealed_bytes: u64,
    /// Bytes in small segments of an object store that are not merged yet.
    pub unmerged_bytes: u64,
    /// Segments in the store.
    pub segments: usize,
    /// Documents with anything in the store.
    pub documents: usize,
    /// Snapshots stored since the start.
    pub snapshots_stored: u64,
    /// Segments made since the start.
    pub segments_sealed: u64,
    /// Merges of small segments since the start.
    pub segments_merged: u64,
    /// Segments and snapshots deleted since the start.
    pub objects_deleted: u64,
    /// The last write found no space.
    pub is_full: bool,
    /// The last attempt to store edits failed; it is being made again.
    pub is_failing: bool,
    /// Requests to the folder or the object store.
    pub requests: RequestFigures,
    /// The store stopped for good.
    pub is_stopped: bool,
    /// The last thing that went wrong, for people.
    pub last_error: Option<String>,
}

/// The running figures.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) status: StoreStatus,
    pub(crate) oldest: Option<Instant>,
}
