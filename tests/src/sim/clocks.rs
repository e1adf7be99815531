//! Sets of CRDT clocks, written for the oracle alone: it shares no code with the session's scan.

use std::collections::BTreeMap;

use yrs::updates::decoder::Decode;
use yrs::{Doc, IdSet, ReadTxn, Transact, Update};

/// Ranges of clocks for each client id, disjoint and joined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClockSet(BTreeMap<u64, BTreeMap<u32, u32>>);

impl ClockSet {
    /// The same set as yrs writes it.
    pub fn of(ids: &IdSet) -> Self {
        let mut set = Self::default();
        for (client, ranges) in ids.iter() {
            for range in ranges.iter() {
                set.insert(client.get(), range.start, range.end);
            }
        }
        set
    }

    /// Adds `start..end`.
    pub fn insert(&mut self, client: u64, start: u32, end: u32) {
        if start >= end {
            return;
        }
        let ranges = self.0.entry(client).or_default();
        let (mut start, mut end) = (start, end);
        while let Some((&s, &e)) = ranges.range(..=end).next_back() {
            if e < start {
                break;
            }
            ranges.remove(&s);
            start = start.min(s);
            end = end.max(e);
        }
        ranges.insert(start, end);
    }

    /// Adds all of another set.
    pub fn merge(&mut self, other: &Self) {
        for (client, start, end) in other.ranges() {
            self.insert(client, start, end);
        }
    }

    /// Whether the whole of another set is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        other.ranges().all(|(client, start, end)| {
            self.0
                .get(&client)
                .and_then(|ranges| ranges.range(..=start).next_back())
                .is_some_and(|(_, &e)| e >= end)
        })
    }

    /// Whether another set is in this one, and all clocks before it too.
    pub fn reaches(&self, other: &Self) -> bool {
        other.ranges().all(|(client, _, end)| {
            let first = self.0.get(&client).and_then(|ranges| ranges.get(&0));
            first.is_some_and(|&e| e >= end)
        })
    }

    /// The part of this set that one client wrote.
    pub fn of_client(&self, client: u64) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(id, _)| **id == client)
                .map(|(a, b)| (*a, b.clone()))
                .collect(),
        )
    }

    /// What both sets have.
    pub fn common(&self, other: &Self) -> Self {
        let mut common = Self::default();
        for (client, start, end) in self.ranges() {
            for (s, e) in other.0.get(&client).into_iter().flatten() {
                common.insert(client, start.max(*s), end.min(*e));
            }
        }
        common
    }

    /// Takes all of another set away.
    pub fn remove(&mut self, other: &Self) {
        for (client, start, end) in other.ranges() {
            let Some(ranges) = self.0.remove(&client) else {
                continue;
            };
            for (s, e) in ranges {
                self.insert(client, s, e.min(start));
                self.insert(client, s.max(end), e);
            }
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn ranges(&self) -> impl Iterator<Item = (u64, u32, u32)> + '_ {
        self.0
            .iter()
            .flat_map(|(c, ranges)| ranges.iter().map(|(s, e)| (*c, *s, *e)))
    }
}

/// What an update or a document says: what was written and what was deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Clocks that were written.
    pub inserts: ClockSet,
    /// Clocks that were deleted.
    pub deletes: ClockSet,
}

impl Content {
    /// The content of an update in format v1, where it can be read at all.
    pub fn of_update(bytes: &[u8]) -> Option<Self> {
        let update = Update::decode_v1(bytes).ok()?;
        Some(Self {
            inserts: ClockSet::of(&update.insertions(true)),
            deletes: ClockSet::of(update.delete_set()),
        })
    }

    /// The content of a document.
    pub fn of_doc(doc: &Doc) -> Self {
        let snapshot = doc.transact().snapshot();
        let mut inserts = ClockSet::default();
        for (client, clock) in snapshot.state_map.iter() {
            inserts.insert(client.get(), 0, *clock);
        }
        Self {
            inserts,
            deletes: ClockSet::of(&snapshot.delete_set),
        }
    }

    /// Adds all of another content.
    pub fn merge(&mut self, other: &Self) {
        self.inserts.merge(&other.inserts);
        self.deletes.merge(&other.deletes);
    }

    /// Whether the whole of another content is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        self.inserts.covers(&other.inserts) && self.deletes.covers(&other.deletes)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.deletes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::ClockSet;

    #[test]
    fn ranges_join_cover_and_are_taken_away() {
        let mut set = ClockSet::default();
        set.insert(1, 0, 3);
        set.insert(1, 6, 9);
        set.insert(1, 3, 6);
        let mut part = ClockSet::default();
        part.insert(1, 2, 7);
        assert!(set.covers(&part));
        assert!(!part.covers(&set));
        set.remove(&part);
        assert!(!set.covers(&part));
        assert!(set.common(&part).is_empty());
    }
}
