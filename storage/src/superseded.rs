//! Segments whose entries larger, merged segments hold too.
//!
//! A process merges its own small segments, of neighbouring entries, into one. The parts stay for
//! the grace period: whoever listed them a moment ago must be able to read them.

use std::sync::Arc;

use crate::{
    index::Index,
    names::{EpochKey, SegmentId},
};

impl Index {
    /// Makes room for a new segment among those of its epoch: its parts go. False where a larger
    /// segment has all of it already.
    pub(crate) fn supersede(&mut self, new: &Arc<SegmentId>, since_ms: u64) -> bool {
        let of_epoch = epoch_range(&new.key);
        let others = self.segments.range::<SegmentId, _>(of_epoch);
        let others: Vec<Arc<SegmentId>> = others
            .map(|(id, _)| Arc::clone(id))
            .filter(|id| id != new)
            .collect();
        if others.iter().any(|other| other.holds(new)) {
            self.superseded.entry(Arc::clone(new)).or_insert(since_ms);
            return false;
        }
        for part in others.into_iter().filter(|other| new.holds(other)) {
            self.retire_segment(&part);
            self.superseded.entry(part).or_insert(since_ms);
        }
        true
    }

    /// The segment that holds all entries of a superseded one.
    pub(crate) fn holder_of(&self, part: &SegmentId) -> Option<Arc<SegmentId>> {
        let mut of_epoch = self
            .segments
            .range::<SegmentId, _>(epoch_range(&part.key))
            .map(|(id, _)| id);
        of_epoch.find(|id| id.holds(part)).cloned()
    }

    /// Whether the same entries are there without what was erased, or with it.
    pub(crate) fn has_other_revision(&self, id: &SegmentId) -> bool {
        let mut of_epoch = self.segments.range::<SegmentId, _>(epoch_range(&id.key));
        of_epoch.any(|(other, _)| other.same_numbers(id) && other.revision != id.revision)
    }

    /// When the newest segment of an epoch was made.
    pub(crate) fn newest_ms(&self, key: &EpochKey) -> u64 {
        let of_epoch = self.segments.range::<SegmentId, _>(epoch_range(key));
        of_epoch.map(|(_, s)| s.created_ms).max().unwrap_or(0)
    }
}

fn epoch_range(key: &EpochKey) -> std::ops::RangeInclusive<SegmentId> {
    let start = SegmentId::sealed(key.clone(), 0, 0);
    let end = SegmentId {
        merged: true,
        revision: u64::MAX,
        ..SegmentId::sealed(key.clone(), u64::MAX, u64::MAX)
    };
    start..=end
}
