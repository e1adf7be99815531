//! Text as its links part it: runs in a row with the same link are one, whatever else they are.

use serde_json::Value;

use crate::{
    Run,
    markdown::{Mark, mark_of},
    text,
};

/// Runs in a row that have the same link, or none.
pub(crate) struct Linked<'a> {
    pub(crate) runs: &'a [Run],
    pub(crate) link: Option<Link>,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) address: String,
    pub(crate) title: String,
}

impl Linked<'_> {
    /// The letters.
    pub(crate) fn text(&self) -> String {
        text::of_runs(self.runs)
    }

    /// Whether it reads as the page was called when the link was made: then it follows the page's
    /// title. Words that somebody chose stay.
    pub(crate) fn follows_title(&self) -> bool {
        let link = self.link.as_ref();
        link.is_some_and(|link| !link.title.is_empty() && link.title == self.text())
    }
}

/// The parts of a text.
pub(crate) fn linked(runs: &[Run]) -> Vec<Linked<'_>> {
    let mut parts = Vec::new();
    let (mut start, mut open) = (0, None);
    for (at, run) in runs.iter().enumerate() {
        let link = link_of(run);
        if link != open {
            push(&mut parts, runs.get(start..at), open.take());
            (start, open) = (at, link);
        }
    }
    push(&mut parts, runs.get(start..), open);
    parts
}

fn push<'a>(parts: &mut Vec<Linked<'a>>, runs: Option<&'a [Run]>, link: Option<Link>) {
    if let Some(runs) = runs.filter(|runs| !runs.is_empty()) {
        parts.push(Linked { runs, link });
    }
}

fn link_of(run: &Run) -> Option<Link> {
    let set = run
        .marks
        .iter()
        .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)));
    set.filter_map(|(name, value)| mark_of(name, value))
        .find_map(|mark| match mark {
            Mark::Link(address, title) => Some(Link { address, title }),
            _ => None,
        })
}
