//! Reading the log, newest first, page by page, without reading all of it.

use serde::Serialize;
use unisson_storage::{Journal, StoreError};

use super::{
    archive::{self, Segment},
    line::Line,
};

/// How many objects one page reads: then it ends, though it may have few lines.
const OBJECTS_MAX: usize = 64;

/// Which lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) from_ms: Option<u64>,
    pub(crate) until_ms: Option<u64>,
    pub(crate) action: Option<String>,
    pub(crate) person: Option<String>,
    pub(crate) document: Option<String>,
}

impl Filter {
    pub(crate) fn takes(&self, line: &Line) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let names = |person: &str| {
            [&line.who, &line.about]
                .into_iter()
                .flatten()
                .any(|named| named.id.as_deref() == Some(person))
        };
        self.from_ms.is_none_or(|from_ms| line.at_ms >= from_ms)
            && self.until_ms.is_none_or(|until_ms| line.at_ms < until_ms)
            && is(&self.action, Some(&line.action))
            && is(&self.document, line.document.as_deref())
            && self.person.as_deref().is_none_or(names)
    }
}

/// Where a line stands among those of all chains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    at_ms: u64,
    chain: String,
    seq: u64,
}

impl Position {
    /// As callers keep it; they need not know what it means.
    pub(crate) fn text(&self) -> String {
        format!("{:x}.{}.{:x}", self.at_ms, self.chain, self.seq)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let position = Self {
            at_ms: u64::from_str_radix(parts.next()?, 16).ok()?,
            chain: parts.next()?.to_owned(),
            seq: u64::from_str_radix(parts.next()?, 16).ok()?,
        };
        parts.next().is_none().then_some(position)
    }
}

/// A line, and the chain that it is part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    pub(crate) chain: String,
    #[serde(flatten)]
    pub(crate) line: Line,
}

impl Found {
    fn position(&self) -> Position {
        Position {
            at_ms: self.line.at_ms,
            chain: self.chain.clone(),
            seq: self.line.seq,
        }
    }
}

/// Some lines, newest first, and where the next page begins, if there may be one.
pub(crate) struct Page {
    pub(crate) found: Vec<Found>,
    pub(crate) next: Option<Position>,
}

/// Lines before a position.
pub(crate) async fn page(
    journal: &Journal,
    filter: &Filter,
    before: Option<Position>,
    limit: usize,
) -> Result<Page, StoreError> {
    let latest_ms = before.as_ref().map_or(u64::MAX, |position| position.at_ms);
    let chains = archive::chains(journal).await?;
    let mut segments: Vec<Segment> = chains
        .into_values()
        .flatten()
        .filter(|segment| segment.from_ms <= latest_ms)
        .filter(|segment| {
            filter
                .from_ms
                .is_none_or(|from_ms| segment.until_ms >= from_ms)
        })
        .filter(|segment| {
            filter
                .until_ms
                .is_none_or(|until_ms| segment.from_ms < until_ms)
        })
        .collect();
    segments.sort_by_key(|segment| std::cmp::Reverse(segment.until_ms));
    let (mut found, mut read, mut has_older) = (Vec::new(), 0, false);
    for (at, segment) in segments.iter().enumerate() {
        // Nothing in this object, or after it, is newer than the last line of a full page.
        let full: Option<&Found> = found.get(limit.wrapping_sub(1));
        if full.is_some_and(|last| last.line.at_ms > segment.until_ms) {
            has_older = true;
            break;
        }
        if read == OBJECTS_MAX {
            return Ok(cut(found, limit, segments.get(at), false));
        }
        read += 1;
        let lines = archive::read(journal, segment).await?.unwrap_or_default();
        let lines = lines.into_iter().filter_map(Result::ok).map(|line| Found {
            chain: segment.chain.clone(),
            line,
        });
        found.extend(lines.filter(|found| {
            before
                .as_ref()
                .is_none_or(|before| found.position() < *before)
                && filter.takes(&found.line)
        }));
        found.sort_by_key(|found| std::cmp::Reverse(found.position()));
        found.truncate(limit + 1);
    }
    Ok(cut(found, limit, None, has_older))
}

/// `unread`: the newest object that was not read, of those that the page might have lines of.
/// `has_older`: there are others, all of whose lines are older.
fn cut(mut found: Vec<Found>, limit: usize, unread: Option<&Segment>, has_older: bool) -> Page {
    if let Some(unread) = unread {
        // Whatever is older than an unread object waits for the page on which that one is read.
        let next = Position {
            at_ms: unread.until_ms + 1,
            chain: String::new(),
            seq: 0,
        };
        found.retain(|found| found.position() >= next);
        if found.len() <= limit {
            return Page {
                found,
                next: Some(next),
            };
        }
    }
    let has_more = has_older || found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(Found::position);
    Page {
        found,
        next: last.filter(|_| has_more),
    }
}
