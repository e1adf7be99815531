//! Clock ranges of clients, each with the stamp of who made it.

use std::collections::BTreeMap;

use unisson_protocol::scan::ClockRange;

use crate::archive::Id;

/// Names a stamp inside one [`crate::Attribution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StampId(pub(crate) u32);

/// From where up to where, and whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) end: u32,
    pub(crate) stamp: StampId,
}

/// Spans of one client by their first clock; they never overlap.
type Spans = BTreeMap<u32, Span>;

/// Stamped ranges, ordered by client then clock; neighbours with the same stamp are one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StampedRanges(BTreeMap<u64, Spans>);

impl StampedRanges {
    /// Stamps a range. Where it is stamped already, `beats(new, old)` decides which stays.
    pub(crate) fn claim(
        &mut self,
        range: ClockRange,
        stamp: StampId,
        beats: impl Fn(StampId, StampId) -> bool,
    ) {
        let (start, end) = (range.clock, range.clock.saturating_add(range.len));
        let spans = self.0.entry(range.client_id).or_default();
        let mut overlapping: Vec<(u32, Span)> = spans
            .range(..end)
            .rev()
            .take_while(|(_, span)| span.end > start)
            .map(|(first, span)| (*first, *span))
            .collect();
        overlapping.reverse();
        let mut from = start;
        for (first, span) in overlapping {
            if from < first {
                insert(spans, from, Span { end: first, stamp });
            }
            let (low, high) = (first.max(start), span.end.min(end));
            if beats(stamp, span.stamp) {
                spans.remove(&first);
                for (a, b, stamp) in [
                    (first, low, span.stamp),
                    (low, high, stamp),
                    (high, span.end, span.stamp),
                ] {
                    insert(spans, a, Span { end: b, stamp });
                }
            }
            from = high;
        }
        insert(spans, from, Span { end, stamp });
    }

    /// The parts of a range, in order: where each ends, and whose it is.
    pub(crate) fn parts(&self, range: ClockRange) -> Vec<(u32, Option<StampId>)> {
        let end = range.clock.saturating_add(range.len);
        let mut from = range.clock;
        let mut parts = Vec::new();
        let spans = self.0.get(&range.client_id);
        let before = spans.and_then(|spans| spans.range(..range.clock).next_back());
        let after = spans
            .into_iter()
            .flat_map(|spans| spans.range(range.clock..end));
        for (first, span) in before.into_iter().chain(after) {
            if span.end <= from {
                continue;
            }
            if *first > from {
                parts.push((*first, None));
            }
            from = span.end.min(end);
            parts.push((from, Some(span.stamp)));
        }
        if from < end {
            parts.push((end, None));
        }
        parts
    }

    /// Whose a clock is.
    pub(crate) fn at(&self, id: Id) -> Option<StampId> {
        let (_, span) = self.0.get(&id.client_id)?.range(..=id.clock).next_back()?;
        (id.clock < span.end).then_some(span.stamp)
    }

    /// Everything, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ClockRange, StampId)> {
        self.0.iter().flat_map(|(client_id, spans)| {
            spans.iter().map(|(first, span)| {
                let range = ClockRange {
                    client_id: *client_id,
                    clock: *first,
                    len: span.end - *first,
                };
                (range, span.stamp)
            })
        })
    }

    pub(crate) fn clients(&self) -> impl ExactSizeIterator<Item = (u64, &Spans)> {
        self.0.iter().map(|(client_id, spans)| (*client_id, spans))
    }
}

/// Puts a span where none is, and joins it with its neighbours.
fn insert(spans: &mut Spans, start: u32, span: Span) {
    if start >= span.end {
        return;
    }
    let mut span = span;
    if let Some(right) = spans.get(&span.end).copied()
        && right.stamp == span.stamp
    {
        spans.remove(&span.end);
        span.end = right.end;
    }
    if let Some((_, left)) = spans.range_mut(..start).next_back()
        && left.end == start
        && left.stamp == span.stamp
    {
        left.end = span.end;
        return;
    }
    spans.insert(start, span);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLOCKS: u32 = 40;

    fn range(clock: u32, len: u32) -> ClockRange {
        ClockRange {
            client_id: 7,
            clock,
            len,
        }
    }

    proptest! {
        #[test]
        fn each_clock_keeps_its_best_stamp(
            claims in prop::collection::vec((0..CLOCKS, 1..CLOCKS, 0..6_u32), 0..30),
        ) {
            let mut ranges = StampedRanges::default();
            let mut model = BTreeMap::<u32, u32>::new();
            for (clock, len, stamp) in claims {
                ranges.claim(range(clock, len), StampId(stamp), |new, old| new < old);
                for clock in clock..clock + len {
                    let known = model.entry(clock).or_insert(stamp);
                    *known = (*known).min(stamp);
                }
            }
            for (from, len) in [(0, 2 * CLOCKS), (3, 5), (CLOCKS, 1)] {
                let mut clock = from;
                for (end, stamp) in ranges.parts(range(from, len)) {
                    prop_assert!(clock < end);
                    for clock in clock..end {
                        prop_assert_eq!(stamp.map(|stamp| stamp.0), model.get(&clock).copied());
                    }
                    clock = end;
                }
                prop_assert_eq!(clock, from + len);
            }
            let all: Vec<_> = ranges.iter().collect();
            for pair in all.windows(2) {
                let [(a, of_a), (b, of_b)] = pair else { continue };
                let end = a.clock + a.len;
                prop_assert!(end < b.clock || (end == b.clock && of_a != of_b), "not joined");
            }
        }
    }
}
