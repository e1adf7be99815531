//! Sets of sequence numbers as intervals, and what a snapshot covers.

use std::collections::BTreeMap;

use crate::{
    codec::{Malformed, Reader, put_bytes, put_varint},
    names::{Epoch, EpochKey, NodeId},
};

/// Sorted, disjoint, never adjacent, both ends inclusive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct IntervalSet(Vec<(u64, u64)>);

impl IntervalSet {
    pub(crate) fn insert(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        let start = self
            .0
            .partition_point(|&(_, end)| end.saturating_add(1) < first);
        let mut merged = (first, last);
        let mut stop = start;
        while let Some(&(next_first, next_last)) = self.0.get(stop) {
            if next_first > last.saturating_add(1) {
                break;
            }
            merged = (merged.0.min(next_first), merged.1.max(next_last));
            stop += 1;
        }
        self.0.splice(start..stop, [merged]);
    }

    /// The interval that holds all of `first..=last`.
    pub(crate) fn around(&self, first: u64, last: u64) -> Option<(u64, u64)> {
        let at = self.0.partition_point(|&(_, end)| end < first);
        self.0
            .get(at)
            .copied()
            .filter(|&(start, end)| start <= first && last <= end)
    }

    pub(crate) fn contains(&self, first: u64, last: u64) -> bool {
        self.around(first, last).is_some()
    }

    pub(crate) fn intervals(&self) -> &[(u64, u64)] {
        &self.0
    }

    pub(crate) fn last(&self) -> Option<u64> {
        self.0.last().map(|&(_, last)| last)
    }

    /// The first numbers of `first..=last` that are missing, as one interval.
    pub(crate) fn first_gap(&self, first: u64, last: u64) -> Option<(u64, u64)> {
        let mut next = first;
        for &(start, end) in &self.0 {
            if start > next {
                return (next <= last).then_some((next, last.min(start - 1)));
            }
            next = next.max(end.saturating_add(1));
        }
        (next <= last).then_some((next, last))
    }
}

/// Log entries by the epoch that wrote them. For one document, an interval says: every entry of
/// this document whose number is in it, however many that are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Covers(BTreeMap<EpochKey, IntervalSet>);

impl Covers {
    pub(crate) fn insert(&mut self, key: &EpochKey, first: u64, last: u64) {
        match self.0.get_mut(key) {
            Some(set) => set.insert(first, last),
            None => self.0.entry(key.clone()).or_default().insert(first, last),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, set) in &other.0 {
            for &(first, last) in set.intervals() {
                self.insert(key, first, last);
            }
        }
    }

    pub(crate) fn of(&self, key: &EpochKey) -> Option<&IntervalSet> {
        self.0.get(key)
    }

    pub(crate) fn contains(&self, key: &EpochKey, first: u64, last: u64) -> bool {
        self.0.get(key).is_some_and(|set| set.contains(first, last))
    }

    /// An interval of `other` that is not in `self`.
    pub(crate) fn missing_from(&self, other: &Self) -> Option<(EpochKey, u64, u64)> {
        other.iter().find_map(|(key, set)| {
            let absent = |&&(first, last): &&(u64, u64)| !self.contains(key, first, last);
            set.intervals()
                .iter()
                .find(absent)
                .map(|&(first, last)| (key.clone(), first, last))
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&EpochKey, &IntervalSet)> {
        self.0.iter()
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.0.len() as u64);
        for (key, set) in &self.0 {
            put_bytes(out, key.node.as_str().as_bytes());
            out.extend_from_slice(&key.epoch.to_bytes());
            put_varint(out, set.intervals().len() as u64);
            let mut previous = 0;
            for &(first, last) in set.intervals() {
                put_varint(out, first - previous);
                put_varint(out, last - first);
                previous = last;
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut covers = Self::default();
        for _ in 0..reader.count(18)? {
            let node = NodeId::parse(reader.text(crate::names::NODE_BYTES_MAX)?)
                .ok_or(Malformed("a node name is not valid"))?;
            let key = EpochKey {
                node,
                epoch: Epoch::from_bytes(reader.array()?),
            };
            let mut previous = 0_u64;
            for _ in 0..reader.count(2)? {
                let too_large = Malformed("a sequence number is too large");
                let first = previous.checked_add(reader.varint()?).ok_or(too_large)?;
                let last = first.checked_add(reader.varint()?).ok_or(too_large)?;
                covers.insert(&key, first, last);
                previous = last;
            }
        }
        Ok(covers)
    }
}
