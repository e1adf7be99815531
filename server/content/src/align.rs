//! Which of the parts that are there become which of the parts that are wanted.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher as _},
};

/// A part that is there, one that is wanted, or both.
pub(crate) type Pair = (Option<usize>, Option<usize>);

/// Likeness of parts that are equal.
pub(crate) const EQUAL: u32 = 1_000;
/// The largest table that is filled in: comparing everything with everything costs its product.
const TABLE_MAX: usize = 40_000;

/// Pairs parts in order. Equal ones (by their hashes) are found first; what is between them is
/// paired by `likeness` (0 means never).
pub(crate) fn align(
    present: &[u64],
    wanted: &[u64],
    likeness: &dyn Fn(usize, usize) -> u32,
) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(present.len().max(wanted.len()));
    Aligning {
        present,
        wanted,
        likeness,
    }
    .stretch((0, present.len()), (0, wanted.len()), &mut pairs);
    pairs
}

/// Makes the hashes by which parts are equal.
pub(crate) struct PartHasher(DefaultHasher);

pub(crate) fn hasher() -> PartHasher {
    PartHasher(DefaultHasher::new())
}

impl PartHasher {
    pub(crate) fn write(&mut self, part: &(impl Hash + ?Sized)) {
        part.hash(&mut self.0);
    }

    pub(crate) fn end(self) -> u64 {
        self.0.finish()
    }
}

struct Aligning<'a> {
    present: &'a [u64],
    wanted: &'a [u64],
    likeness: &'a dyn Fn(usize, usize) -> u32,
}

type Span = (usize, usize);

impl Aligning<'_> {
    fn same(&self, i: usize, j: usize) -> bool {
        self.present.get(i).is_some() && self.present.get(i) == self.wanted.get(j)
    }

    fn stretch(&self, (mut i, mut i_end): Span, (mut j, mut j_end): Span, pairs: &mut Vec<Pair>) {
        while i < i_end && j < j_end && self.same(i, j) {
            pairs.push((Some(i), Some(j)));
            (i, j) = (i + 1, j + 1);
        }
        let mut tail = 0;
        while i < i_end && j < j_end && self.same(i_end - 1, j_end - 1) {
            (i_end, j_end, tail) = (i_end - 1, j_end - 1, tail + 1);
        }
        self.middle((i, i_end), (j, j_end), pairs);
        pairs.extend((0..tail).map(|at| (Some(i_end + at), Some(j_end + at))));
    }

    fn middle(&self, (i, i_end): Span, (j, j_end): Span, pairs: &mut Vec<Pair>) {
        if (i_end - i).saturating_mul(j_end - j) <= TABLE_MAX {
            return self.table((i, i_end), (j, j_end), pairs);
        }
        let anchors = self.anchors((i, i_end), (j, j_end));
        if anchors.is_empty() {
            return self.in_order((i, i_end), (j, j_end), pairs);
        }
        let (mut i, mut j) = (i, j);
        for (at_i, at_j) in anchors {
            self.middle_between((i, at_i), (j, at_j), pairs);
            pairs.push((Some(at_i), Some(at_j)));
            (i, j) = (at_i + 1, at_j + 1);
        }
        self.middle_between((i, i_end), (j, j_end), pairs);
    }

    /// Between two anchors there is no other one, so it ends here.
    fn middle_between(&self, of_i: Span, of_j: Span, pairs: &mut Vec<Pair>) {
        match (of_i.1 - of_i.0).saturating_mul(of_j.1 - of_j.0) <= TABLE_MAX {
            true => self.table(of_i, of_j, pairs),
            false => self.in_order(of_i, of_j, pairs),
        }
    }

    /// Parts that are there once on each side, as many as are in the same order.
    fn anchors(&self, (i, i_end): Span, (j, j_end): Span) -> Vec<(usize, usize)> {
        let mut seen: BTreeMap<u64, (usize, usize, usize, usize)> = BTreeMap::new();
        for (at, hash) in self.present.iter().enumerate().take(i_end).skip(i) {
            let entry = seen.entry(*hash).or_default();
            (entry.0, entry.1) = (entry.0 + 1, at);
        }
        for (at, hash) in self.wanted.iter().enumerate().take(j_end).skip(j) {
            let entry = seen.entry(*hash).or_default();
            (entry.2, entry.3) = (entry.2 + 1, at);
        }
        let unique = seen.into_values().filter(|(a, _, b, _)| (*a, *b) == (1, 1));
        let mut matches: Vec<(usize, usize)> = unique.map(|(_, i, _, j)| (i, j)).collect();
        matches.sort_unstable();
        longest_rise(&matches)
    }

    fn in_order(&self, (i, i_end): Span, (j, j_end): Span, pairs: &mut Vec<Pair>) {
        let both = (i_end - i).min(j_end - j);
        for at in 0..both {
            if (self.likeness)(i + at, j + at) > 0 {
                pairs.push((Some(i + at), Some(j + at)));
            } else {
                pairs.push((Some(i + at), None));
                pairs.push((None, Some(j + at)));
            }
        }
        pairs.extend((i + both..i_end).map(|at| (Some(at), None)));
        pairs.extend((j + both..j_end).map(|at| (None, Some(at))));
    }

    /// The pairs whose likenesses come to most.
    fn table(&self, (i, i_end): Span, (j, j_end): Span, pairs: &mut Vec<Pair>) {
        let (rows, columns) = (i_end - i, j_end - j);
        let width = columns + 1;
        let mut best = vec![0_u32; (rows + 1) * width];
        let mut alike = vec![0_u32; rows * columns];
        for row in (0..rows).rev() {
            for column in (0..columns).rev() {
                let likeness = match self.same(i + row, j + column) {
                    true => EQUAL,
                    false => (self.likeness)(i + row, j + column),
                };
                alike[row * columns + column] = likeness;
                let paired = match likeness {
                    0 => 0,
                    likeness => likeness + best[(row + 1) * width + column + 1],
                };
                let skipped = best[(row + 1) * width + column].max(best[row * width + column + 1]);
                best[row * width + column] = paired.max(skipped);
            }
        }
        let (mut row, mut column) = (0, 0);
        while row < rows && column < columns {
            let here = best[row * width + column];
            let likeness = alike[row * columns + column];
            if likeness > 0 && here == likeness + best[(row + 1) * width + column + 1] {
                pairs.push((Some(i + row), Some(j + column)));
                (row, column) = (row + 1, column + 1);
            } else if here == best[(row + 1) * width + column] {
                pairs.push((Some(i + row), None));
                row += 1;
            } else {
                pairs.push((None, Some(j + column)));
                column += 1;
            }
        }
        pairs.extend((row..rows).map(|at| (Some(i + at), None)));
        pairs.extend((column..columns).map(|at| (None, Some(j + at))));
    }
}

/// The longest part of pairs, sorted by the first, in which the second rises too.
fn longest_rise(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
    for (at, (_, second)) in pairs.iter().enumerate() {
        let place = ends.partition_point(|end| pairs[*end].1 < *second);
        before[at] = place.checked_sub(1).map(|place| ends[place]);
        match ends.get_mut(place) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut rise = Vec::new();
    let mut at = ends.last().copied();
    while let Some(here) = at {
        rise.push(pairs[here]);
        at = before[here];
    }
    rise.reverse();
    rise
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inserted_between_equal_parts_is_inserted() {
        let pairs = align(&[1, 2, 3], &[1, 9, 2, 3], &|_, _| 0);
        let wanted = [
            (Some(0), Some(0)),
            (None, Some(1)),
            (Some(1), Some(2)),
            (Some(2), Some(3)),
        ];
        assert_eq!(pairs, wanted);
    }

    #[test]
    fn long_lists_find_their_equal_parts_in_no_time() {
        let present: Vec<u64> = (0..5_000).collect();
        let mut wanted = present.clone();
        wanted.drain(100..200);
        wanted.splice(3_000..3_000, 90_000..90_500);
        wanted[4_000] = 1_000_000;
        let pairs = align(&present, &wanted, &|_, _| 1);
        let kept = pairs
            .iter()
            .filter(|pair| matches!(pair, (Some(i), Some(j)) if present[*i] == wanted[*j]));
        assert_eq!(kept.count(), 4_899);
    }
}
