//! Who inserted and who deleted which clocks, and when.
//!
//! Edits that one author makes within a short span share one [`Stamp`], so that typing costs next
//! to nothing. Where two sources say different things of one clock the earlier stamp stays: so
//! merging is commutative and idempotent, like everything else about a document.

mod encoding;

use std::collections::BTreeMap;

use unisson_protocol::scan::ClockRange;

use crate::{
    archive::Id,
    entry::{Author, Written},
    ranges::StampedRanges,
};

pub use crate::ranges::StampId;

/// A pause after which the same author's edits get a stamp of their own.
const PAUSE_MS: u64 = 60_000;
/// The longest time under one stamp: how precisely one can tell later when something was typed.
const SPAN_MS_MAX: u64 = 300_000;

/// One author's edits within a short span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    author: u32,
    /// When the first of them came, in milliseconds since 1970.
    pub first_ms: u64,
    /// When the last of them came.
    pub last_ms: u64,
}

/// Who did what to a document.
#[derive(Debug, Clone, Default)]
pub struct Attribution {
    authors: Vec<Author>,
    author_ids: BTreeMap<Author, u32>,
    stamps: Vec<Stamp>,
    /// Stamps by their beginning and author: there is one of each.
    stamp_ids: BTreeMap<(u64, u32), StampId>,
    /// Each author's last stamp.
    open: BTreeMap<u32, StampId>,
    inserted: StampedRanges,
    deleted: StampedRanges,
}

impl Attribution {
    /// Notes what was new in an update.
    pub fn record(&mut self, written: &Written, inserts: &[ClockRange], deletes: &[ClockRange]) {
        if inserts.is_empty() && deletes.is_empty() {
            return;
        }
        let author = self.author_id(&written.author);
        let stamp = self.stamp_for(author, written.at_ms);
        let stamps = &self.stamps;
        for range in inserts {
            self.inserted
                .claim(*range, stamp, |new, old| beats(stamps, new, old));
        }
        for range in deletes {
            self.deleted
                .claim(*range, stamp, |new, old| beats(stamps, new, old));
        }
    }

    /// Takes over everything that another one knows.
    pub fn merge(&mut self, other: &Self) {
        let stamps: Vec<StampId> = other
            .stamps
            .iter()
            .map(|stamp| {
                let author = other.authors.get(stamp.author as usize).cloned();
                let author = self.author_id(&author.unwrap_or_default());
                self.stamp(author, stamp.first_ms, stamp.last_ms)
            })
            .collect();
        let known = &self.stamps;
        for (mine, theirs) in [
            (&mut self.inserted, &other.inserted),
            (&mut self.deleted, &other.deleted),
        ] {
            for (range, StampId(stamp)) in theirs.iter() {
                if let Some(stamp) = stamps.get(stamp as usize) {
                    mine.claim(range, *stamp, |new, old| beats(known, new, old));
                }
            }
        }
    }

    /// Who inserted the parts of a range: where each part ends, and its stamp if it is known.
    pub fn inserted(&self, range: ClockRange) -> Vec<(u32, Option<StampId>)> {
        self.inserted.parts(range)
    }

    /// Who deleted the parts of a range.
    pub fn deleted(&self, range: ClockRange) -> Vec<(u32, Option<StampId>)> {
        self.deleted.parts(range)
    }

    /// Who inserted one clock.
    pub(crate) fn inserted_at(&self, id: Id) -> Option<StampId> {
        self.inserted.at(id)
    }

    /// Who deleted one clock.
    pub(crate) fn deleted_at(&self, id: Id) -> Option<StampId> {
        self.deleted.at(id)
    }

    /// All insertions, ordered by client and clock.
    pub fn insertions(&self) -> impl Iterator<Item = (ClockRange, StampId)> {
        self.inserted.iter()
    }

    /// All deletions, ordered by client and clock.
    pub fn deletions(&self) -> impl Iterator<Item = (ClockRange, StampId)> {
        self.deleted.iter()
    }

    /// A stamp of this attribution.
    pub fn stamp_of(&self, StampId(id): StampId) -> Option<(&Author, Stamp)> {
        let stamp = self.stamps.get(id as usize)?;
        Some((self.authors.get(stamp.author as usize)?, *stamp))
    }

    /// When the last known edit came, in milliseconds since 1970.
    pub fn last_ms(&self) -> Option<u64> {
        self.stamps.iter().map(|stamp| stamp.last_ms).max()
    }

    /// Whether nothing is known at all.
    pub fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    fn author_id(&mut self, author: &Author) -> u32 {
        if let Some(id) = self.author_ids.get(author) {
            return *id;
        }
        let id = self.authors.len() as u32;
        self.authors.push(author.clone());
        self.author_ids.insert(author.clone(), id);
        id
    }

    /// The author's open stamp where it fits, or a new one.
    fn stamp_for(&mut self, author: u32, at_ms: u64) -> StampId {
        if let Some(id) = self.open.get(&author).copied()
            && let Some(stamp) = self.stamps.get_mut(id.0 as usize)
            && stamp.first_ms <= at_ms
            && at_ms <= stamp.last_ms.saturating_add(PAUSE_MS)
            && at_ms - stamp.first_ms <= SPAN_MS_MAX
        {
            stamp.last_ms = stamp.last_ms.max(at_ms);
            return id;
        }
        self.stamp(author, at_ms, at_ms)
    }

    fn stamp(&mut self, author: u32, first_ms: u64, last_ms: u64) -> StampId {
        let next = StampId(self.stamps.len() as u32);
        let id = *self.stamp_ids.entry((first_ms, author)).or_insert(next);
        match self.stamps.get_mut(id.0 as usize) {
            Some(stamp) => stamp.last_ms = stamp.last_ms.max(last_ms),
            None => self.stamps.push(Stamp {
                author,
                first_ms,
                last_ms,
            }),
        }
        let open = self.open.entry(author).or_insert(id);
        let begins = |id: StampId| self.stamps.get(id.0 as usize).map(|stamp| stamp.first_ms);
        if begins(id) >= begins(*open) {
            *open = id;
        }
        id
    }
}

/// Whether a stamp is the earlier one of two.
fn beats(stamps: &[Stamp], new: StampId, old: StampId) -> bool {
    let key = |id: StampId| {
        let stamp = stamps.get(id.0 as usize);
        stamp.map(|stamp| (stamp.first_ms, stamp.author))
    };
    key(new) < key(old)
}

#[cfg(test)]
mod tests;
