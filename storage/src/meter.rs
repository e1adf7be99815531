//! What the requests to the object store come to.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::{shared::lock, status::Histogram};

/// Kinds of requests, in the order of [`RequestFigures::kinds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Put,
    Get,
    List,
    Delete,
}

/// Names of the kinds of requests, for labels.
pub const REQUEST_KINDS: [&str; 4] = ["put", "get", "list", "delete"];

/// Requests of one kind since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindFigures {
    /// How many were made.
    pub count: u64,
    /// How many failed.
    pub failed_count: u64,
    /// How long they took.
    pub duration: Histogram,
}

/// Requests to the object store since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestFigures {
    /// By kind, as in [`REQUEST_KINDS`].
    pub kinds: [KindFigures; 4],
    /// Bytes of objects sent.
    pub sent_bytes: u64,
    /// Bytes of objects received.
    pub received_bytes: u64,
    /// Requests under way.
    pub in_flight: u64,
    /// Attempts to store edits that had to be made again.
    pub retried_count: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Meter {
    kinds: [Mutex<KindFigures>; 4],
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    in_flight: AtomicU64,
    retried_count: AtomicU64,
}

/// A request under way; one that is dropped before its end counts as failed.
pub(crate) struct Running<'a> {
    meter: &'a Meter,
    kind: Kind,
    started: Instant,
    succeeded: bool,
}

impl Meter {
    pub(crate) fn start(&self, kind: Kind) -> Running<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Running {
            meter: self,
            kind,
            started: Instant::now(),
            succeeded: false,
        }
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.received_bytes
            .fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retried_count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn figures(&self) -> RequestFigures {
        let mut figures = RequestFigures {
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            received_bytes: self.received_bytes.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            retried_count: self.retried_count.load(Ordering::Relaxed),
            ..RequestFigures::default()
        };
        for (to, from) in figures.kinds.iter_mut().zip(&self.kinds) {
            *to = *lock(from);
        }
        figures
    }
}

impl Running<'_> {
    /// An object that is not there is an answer like any other.
    pub(crate) fn succeeded(mut self) {
        self.succeeded = true;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.meter.in_flight.fetch_sub(1, Ordering::Relaxed);
        let Some(kind) = self.meter.kinds.get(self.kind as usize) else {
            return;
        };
        let mut figures = lock(kind);
        figures.count += 1;
        figures.failed_count += u64::from(!self.succeeded);
        figures.duration.record(self.started.elapsed());
    }
}
