//! The store's contract: an append is durable when it says so; a snapshot replaces what it covers;
//! what was never confirmed may or may not have survived a crash.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use unisson_history::entry;
use unisson_session::{AppendSeq, StoredParts};

use super::clocks::Content;
use crate::rng::Rng;

/// What the disk has, and what is on its way there.
#[derive(Debug, Default)]
pub struct Store {
    frames: BTreeMap<u64, Bytes>,
    snapshots: BTreeMap<u64, Bytes>,
    next_id: u64,
    /// Appends under way, oldest first.
    under_way: VecDeque<(AppendSeq, Bytes)>,
    durable: Content,
}

/// What a snapshot covers.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    frames: Vec<u64>,
    snapshots: Vec<u64>,
}

impl Store {
    /// Takes an append on its way; false if the same is on its way already.
    pub fn begin(&mut self, seq: AppendSeq, bytes: Bytes) -> bool {
        let fresh = self.under_way.iter().all(|(known, _)| *known != seq);
        self.under_way.push_back((seq, bytes));
        fresh
    }

    /// Ends the oldest append, durably or not.
    pub fn end(&mut self, durable: bool) -> Option<AppendSeq> {
        let (seq, bytes) = self.under_way.pop_front()?;
        if durable {
            self.write(bytes);
        }
        Some(seq)
    }

    /// How many bytes are on their way.
    pub fn bytes_under_way(&self) -> usize {
        self.under_way.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// The process dies: of the unconfirmed tail, a prefix is there after restart.
    pub fn crash(&mut self, rng: &mut Rng) {
        let kept = rng.index(self.under_way.len() + 1);
        let tail: Vec<_> = self.under_way.drain(..).take(kept).collect();
        for (_, bytes) in tail {
            self.write(bytes);
        }
    }

    /// All that is durable, as a reader finds it, and what a merge of it would cover.
    pub fn read(&self) -> (StoredParts, Basis) {
        let parts = StoredParts {
            snapshots: self.snapshots.values().cloned().collect(),
            updates: self.frames.values().cloned().collect(),
        };
        let frames = self.frames.keys().copied().collect();
        (
            parts,
            Basis {
                frames,
                snapshots: self.snapshots.keys().copied().collect(),
            },
        )
    }

    /// Stores a snapshot; what it covers may linger until it is collected.
    pub fn put_snapshot(&mut self, body: Bytes, basis: &Basis, rng: &mut Rng) {
        self.next_id += 1;
        self.snapshots.insert(self.next_id, body);
        if rng.chance(20) {
            return;
        }
        self.frames.retain(|id, _| !basis.frames.contains(id));
        self.snapshots.retain(|id, _| !basis.snapshots.contains(id));
    }

    /// All content that ever became durable.
    pub fn durable(&self) -> &Content {
        &self.durable
    }

    fn write(&mut self, bytes: Bytes) {
        let entry = entry::open(&bytes).ok();
        if let Some(content) = entry.and_then(|entry| Content::of_update(&entry.update)) {
            self.durable.merge(&content);
        }
        self.next_id += 1;
        self.frames.insert(self.next_id, bytes);
    }
}
