//! Who worked when: sittings, parted by pauses.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Attribution, Author, StampId};

/// Work on a document without a long pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sitting {
    /// When the first edit came, in milliseconds since 1970.
    pub from_ms: u64,
    /// When the last one came.
    pub until_ms: u64,
    /// Who worked, in the order of their names, and how much: clocks, which are characters,
    /// values and blocks.
    pub authors: Vec<Work>,
}

/// What one author did in a sitting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Who.
    pub author: Author,
    /// How much was inserted.
    pub inserted: u64,
    /// How much was deleted.
    pub deleted: u64,
}

/// How much each author inserted and deleted.
type Amounts<'a> = BTreeMap<&'a Author, (u64, u64)>;

/// All sittings, the last one first. A pause of `pause_ms` ends one.
pub fn activity(known: &Attribution, pause_ms: u64) -> Vec<Sitting> {
    let mut amounts: BTreeMap<StampId, (u64, u64)> = BTreeMap::new();
    for (range, stamp) in known.insertions() {
        amounts.entry(stamp).or_default().0 += u64::from(range.len);
    }
    for (range, stamp) in known.deletions() {
        amounts.entry(stamp).or_default().1 += u64::from(range.len);
    }
    let told = amounts.into_iter().filter_map(|(id, amount)| {
        let (author, stamp) = known.stamp_of(id)?;
        Some((stamp, author, amount))
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|(stamp, author, _)| (stamp.first_ms, *author));
    let mut sittings: Vec<(Sitting, Amounts<'_>)> = Vec::new();
    for (stamp, author, (inserted, deleted)) in told {
        let goes_on = sittings
            .last()
            .is_some_and(|(last, _)| stamp.first_ms <= last.until_ms.saturating_add(pause_ms));
        if !goes_on {
            let sitting = Sitting {
                from_ms: stamp.first_ms,
                until_ms: stamp.last_ms,
                authors: Vec::new(),
            };
            sittings.push((sitting, BTreeMap::new()));
        }
        if let Some((sitting, work)) = sittings.last_mut() {
            sitting.until_ms = sitting.until_ms.max(stamp.last_ms);
            let done = work.entry(author).or_default();
            *done = (done.0 + inserted, done.1 + deleted);
        }
    }
    let told = sittings.into_iter().rev().map(|(sitting, work)| {
        let authors = work.into_iter().map(|(author, (inserted, deleted))| Work {
            author: author.clone(),
            inserted,
            deleted,
        });
        Sitting {
            authors: authors.collect(),
            ..sitting
        }
    });
    told.collect()
}

/// Who edited after a moment, in the order of their names.
pub fn authors_since(known: &Attribution, after_ms: u64) -> Vec<Author> {
    let both = known.insertions().chain(known.deletions());
    let stamps = both.filter_map(|(_, stamp)| known.stamp_of(stamp));
    let mut authors: Vec<Author> = stamps
        .filter(|(_, stamp)| stamp.last_ms > after_ms)
        .map(|(author, _)| author.clone())
        .collect();
    authors.sort();
    authors.dedup();
    authors
}

/// When each person edited last, the last one first. Whom nobody knows is one person.
pub fn last_edits(known: &Attribution) -> Vec<(Option<Arc<str>>, u64)> {
    let both = known.insertions().chain(known.deletions());
    let stamps = both.filter_map(|(_, stamp)| known.stamp_of(stamp));
    let mut last: BTreeMap<Option<&Arc<str>>, u64> = BTreeMap::new();
    for (author, stamp) in stamps {
        let at_ms = last.entry(author.user.as_ref()).or_default();
        *at_ms = (*at_ms).max(stamp.last_ms);
    }
    let last = last.into_iter();
    let mut last: Vec<_> = last.map(|(user, at_ms)| (user.cloned(), at_ms)).collect();
    last.sort_by_key(|(_, at_ms)| std::cmp::Reverse(*at_ms));
    last
}

#[cfg(test)]
mod tests {
    use unisson_protocol::scan::ClockRange;

    use super::*;
    use crate::Written;

    const MINUTE_MS: u64 = 60_000;

    fn author(user: &str) -> Author {
        Author {
            user: Some(user.into()),
            name: None,
        }
    }

    #[test]
    fn pauses_part_sittings_and_the_last_comes_first() {
        let mut known = Attribution::default();
        let range = |client_id, clock, len| ClockRange {
            client_id,
            clock,
            len,
        };
        let mut edit = |user: &str, minute: u64, inserted: ClockRange, deleted: &[ClockRange]| {
            let written = Written {
                author: author(user),
                at_ms: minute * MINUTE_MS,
            };
            known.record(&written, &[inserted], deleted);
        };
        edit("ann", 0, range(1, 0, 5), &[]);
        edit("bob", 2, range(2, 0, 3), &[range(1, 0, 2)]);
        edit("ann", 4, range(1, 5, 1), &[]);
        edit("bob", 60, range(2, 3, 7), &[]);
        let work = |user, inserted, deleted| Work {
            author: author(user),
            inserted,
            deleted,
        };
        assert_eq!(
            activity(&known, 10 * MINUTE_MS),
            [
                Sitting {
                    from_ms: 60 * MINUTE_MS,
                    until_ms: 60 * MINUTE_MS,
                    authors: vec![work("bob", 7, 0)],
                },
                Sitting {
                    from_ms: 0,
                    until_ms: 4 * MINUTE_MS,
                    authors: vec![work("ann", 6, 0), work("bob", 3, 2)],
                },
            ]
        );
        assert_eq!(authors_since(&known, 4 * MINUTE_MS), [author("bob")]);
        assert_eq!(authors_since(&known, 0), [author("ann"), author("bob")]);
        let last = last_edits(&known);
        let users: Vec<_> = last.iter().map(|(user, _)| user.as_deref()).collect();
        assert_eq!(users, [Some("bob"), Some("ann")], "the last one first");
        assert!(last[0].1 > last[1].1);
    }
}
