//! The log as it lies in the store: objects with consecutive lines of one chain, named by them.
//!
//! `{node}/{epoch}/{first}-{last}-{from ms}-{until ms}-{revision}.jsonl`, numbers in hexadecimal. An
//! object may hold what smaller ones hold, which are removed after it is there; a higher revision of
//! the same lines names fewer people.

use std::collections::BTreeMap;

use unisson_storage::{Journal, JournalObject, StoreError};

use super::line::{Broken, Head, Line};

/// A chain: one process's lines.
pub(crate) type ChainId = String;

/// One object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) chain: ChainId,
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) from_ms: u64,
    pub(crate) until_ms: u64,
    pub(crate) revision: u64,
    pub(crate) bytes: u64,
}

impl Segment {
    /// Of lines that follow one another; at least one.
    pub(crate) fn of(chain: &str, lines: &[(u64, u64)], bytes: u64) -> Self {
        let numbers = || lines.iter().map(|(seq, _)| *seq);
        let times = || lines.iter().map(|(_, at_ms)| *at_ms);
        Self {
            chain: chain.to_owned(),
            first: numbers().min().unwrap_or(0),
            last: numbers().max().unwrap_or(0),
            from_ms: times().min().unwrap_or(0),
            until_ms: times().max().unwrap_or(0),
            revision: 0,
            bytes,
        }
    }

    pub(crate) fn name(&self) -> String {
        let Self {
            chain,
            first,
            last,
            from_ms,
            until_ms,
            revision,
            ..
        } = self;
        format!(
            "{chain}/{first:012x}-{last:012x}-{from_ms:012x}-{until_ms:012x}-{revision:02x}.jsonl"
        )
    }

    fn parse(object: &JournalObject) -> Option<Self> {
        let (chain, file) = object.name.rsplit_once('/')?;
        let mut numbers = file.strip_suffix(".jsonl")?.split('-');
        let mut next = || u64::from_str_radix(numbers.next()?, 16).ok();
        Some(Self {
            chain: chain.to_owned(),
            first: next()?,
            last: next()?,
            from_ms: next()?,
            until_ms: next()?,
            revision: next()?,
            bytes: object.bytes,
        })
    }
}

/// All objects, also those that others hold whole.
pub(crate) async fn all(journal: &Journal) -> Result<Vec<Segment>, StoreError> {
    Ok(journal
        .list()
        .await?
        .iter()
        .filter_map(Segment::parse)
        .collect())
}

/// Each chain's objects in the order of their lines, without those that others hold whole.
pub(crate) async fn chains(
    journal: &Journal,
) -> Result<BTreeMap<ChainId, Vec<Segment>>, StoreError> {
    Ok(sort(all(journal).await?))
}

/// Sorts objects as [`chains`] does.
pub(crate) fn sort(mut segments: Vec<Segment>) -> BTreeMap<ChainId, Vec<Segment>> {
    segments.sort_by_key(|segment| {
        (
            segment.first,
            std::cmp::Reverse(segment.last),
            std::cmp::Reverse(segment.revision),
        )
    });
    let mut chains: BTreeMap<ChainId, Vec<Segment>> = BTreeMap::new();
    for segment in segments {
        let chain = chains.entry(segment.chain.clone()).or_default();
        if chain.last().is_none_or(|before| segment.last > before.last) {
            chain.push(segment);
        }
    }
    chains
}

/// An object's lines, or the first that is none, with its place.
pub(crate) type Lines = Vec<Result<Line, Broken>>;

/// Reads an object; nothing where it has gone meanwhile.
pub(crate) async fn read(
    journal: &Journal,
    segment: &Segment,
) -> Result<Option<Lines>, StoreError> {
    let body = journal.get(&segment.name()).await?;
    Ok(body.map(|body| {
        let lines = body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines.map(Line::parse).collect()
    }))
}

/// The end of a chain.
pub(crate) async fn end(journal: &Journal, chain: &[Segment]) -> Result<Option<Head>, StoreError> {
    let Some(segment) = chain.last() else {
        return Ok(None);
    };
    let lines = read(journal, segment).await?.unwrap_or_default();
    let last = lines.into_iter().next_back().and_then(Result::ok);
    Ok(last.map(|line| Head {
        seq: line.seq,
        hash: line.hash(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(first: u64, last: u64, revision: u64) -> JournalObject {
        let segment = Segment {
            revision,
            ..Segment::of("n/e", &[(first, 5), (last, 9)], 1)
        };
        JournalObject {
            name: segment.name(),
            bytes: 1,
        }
    }

    #[test]
    fn a_larger_object_stands_for_those_that_it_holds() {
        let objects = [
            object(1, 1, 0),
            object(2, 3, 0),
            object(1, 3, 0),
            object(4, 4, 0),
        ];
        let chains = sort(objects.iter().filter_map(Segment::parse).collect());
        let ranges: Vec<_> = chains["n/e"].iter().map(|s| (s.first, s.last)).collect();
        assert_eq!(ranges, [(1, 3), (4, 4)]);
    }

    #[test]
    fn the_revision_that_names_fewest_people_counts() {
        let objects = [object(1, 3, 0), object(1, 3, 1)];
        let chains = sort(objects.iter().filter_map(Segment::parse).collect());
        assert_eq!(chains["n/e"].len(), 1);
        assert_eq!(chains["n/e"][0].revision, 1);
    }
}
