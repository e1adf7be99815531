//! One state of a document: what it knows, and what of that is deleted.

use std::collections::BTreeMap;

use super::structs::{Id, Parsed};

/// Which clocks a state of the document shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    clocks: BTreeMap<u64, u32>,
    /// First clock and end of what is deleted; never overlapping.
    deleted: BTreeMap<u64, BTreeMap<u32, u32>>,
}

impl View {
    pub(crate) fn of(state: &Parsed) -> Self {
        let mut view = Self::default();
        for part in &state.structs {
            let Id { client_id, clock } = part.id;
            let end = clock.saturating_add(part.len);
            let reached = view.clocks.entry(client_id).or_default();
            *reached = (*reached).max(end);
            if part.worth() < 2 {
                view.delete(client_id, clock, end);
            }
        }
        for range in &state.deletes {
            view.delete(range.client_id, range.clock, range.clock + range.len);
        }
        view
    }

    /// Whether the state has heard of a clock at all.
    pub(crate) fn knows(&self, id: Id) -> bool {
        self.clocks
            .get(&id.client_id)
            .is_some_and(|reached| id.clock < *reached)
    }

    /// Whether a clock is there and not deleted.
    pub(crate) fn shows(&self, id: Id) -> bool {
        let before = self
            .deleted
            .get(&id.client_id)
            .and_then(|ranges| ranges.range(..=id.clock).next_back());
        self.knows(id) && before.is_none_or(|(_, end)| *end <= id.clock)
    }

    /// Where what is shown begins or ends.
    pub(crate) fn boundaries(&self) -> impl Iterator<Item = Id> {
        let ends = self
            .clocks
            .iter()
            .map(|(client_id, clock)| (*client_id, *clock));
        let deleted = self.deleted.iter().flat_map(|(client_id, ranges)| {
            ranges
                .iter()
                .flat_map(|(start, end)| [(*client_id, *start), (*client_id, *end)])
        });
        ends.chain(deleted)
            .map(|(client_id, clock)| Id { client_id, clock })
    }

    fn delete(&mut self, client_id: u64, start: u32, end: u32) {
        let ranges = self.deleted.entry(client_id).or_default();
        let (mut start, mut end) = (start, end);
        while let Some((first, last)) = ranges.range(..=end).next_back() {
            let (first, last) = (*first, *last);
            if last < start {
                break;
            }
            ranges.remove(&first);
            (start, end) = (start.min(first), end.max(last));
        }
        ranges.insert(start, end);
    }
}
