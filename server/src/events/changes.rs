//! Many edits, one event: told when a document has been quiet for a while, or, where edits go on,
//! every so often. Pure: the time is an argument.

use std::collections::{BTreeMap, BTreeSet};

use super::{Actor, DocumentChange};
use crate::settings::EventSettings;

/// How many documents may be waited for; about 200 bytes each.
const DOCUMENTS_MAX: usize = 20_000;
/// How many authors one event names.
const AUTHORS_MAX: usize = 50;

#[derive(Debug)]
struct Change {
    first_ms: u64,
    last_ms: u64,
    authors: BTreeSet<Actor>,
    others: bool,
}

/// What became of an edit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// One of several.
    Before,
    /// The first since the last event.
    First,
    /// There are too many documents to wait for: this is to be told now.
    NoRoom(DocumentChange),
}

/// The changes that are not told yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pace: EventSettings,
    documents: BTreeMap<String, Change>,
}

impl Changes {
    pub(super) fn new(pace: EventSettings) -> Self {
        Self {
            pace,
            documents: BTreeMap::new(),
        }
    }

    pub(super) fn edited(&mut self, now_ms: u64, document: &str, author: Option<Actor>) -> Heard {
        if let Some(change) = self.documents.get_mut(document) {
            change.last_ms = now_ms.max(change.last_ms);
            change.add(author);
            return Heard::Before;
        }
        let mut change = Change {
            first_ms: now_ms,
            last_ms: now_ms,
            authors: BTreeSet::new(),
            others: false,
        };
        change.add(author);
        if self.documents.len() >= DOCUMENTS_MAX {
            return Heard::NoRoom(change.told(document.to_owned()));
        }
        self.documents.insert(document.to_owned(), change);
        Heard::First
    }

    /// What is to be told now. A clock that was set back tells late, and at the latest when it has
    /// caught up.
    pub(super) fn due(&mut self, now_ms: u64) -> Vec<DocumentChange> {
        let pace = self.pace;
        let due = self.documents.extract_if(.., |_, change| {
            let quiet = now_ms.saturating_sub(change.last_ms) >= pace.quiet_ms;
            quiet || now_ms.saturating_sub(change.first_ms) >= pace.every_ms
        });
        due.map(|(document, change)| change.told(document))
            .collect()
    }

    pub(super) fn take_all(&mut self) -> Vec<DocumentChange> {
        let all = std::mem::take(&mut self.documents).into_iter();
        all.map(|(document, change)| change.told(document))
            .collect()
    }
}

impl Change {
    fn add(&mut self, author: Option<Actor>) {
        match author {
            Some(author) if self.authors.contains(&author) => {}
            Some(author) if self.authors.len() < AUTHORS_MAX => {
                self.authors.insert(author);
            }
            _ => self.others = true,
        }
    }

    fn told(self, document: String) -> DocumentChange {
        DocumentChange {
            document,
            authors: self.authors.into_iter().collect(),
            others: self.others,
            first_edit_ms: self.first_ms,
            last_edit_ms: self.last_ms,
            recovered: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: EventSettings = EventSettings {
        quiet_ms: 10,
        every_ms: 100,
        ..EventSettings::DEFAULT
    };

    fn actor(id: &str) -> Option<Actor> {
        Some(Actor {
            id: id.into(),
            name: None,
        })
    }

    #[test]
    fn many_edits_are_one_event_once_the_document_is_quiet() {
        let mut changes = Changes::new(PACE);
        assert_eq!(changes.edited(0, "a", actor("bob")), Heard::First);
        assert_eq!(changes.edited(5, "a", actor("ann")), Heard::Before);
        assert_eq!(changes.edited(8, "a", actor("bob")), Heard::Before);
        assert_eq!(changes.due(17), []);
        let told = changes.due(18);
        assert_eq!(told.len(), 1);
        let ids: Vec<_> = told[0]
            .authors
            .iter()
            .map(|author| author.id.as_str())
            .collect();
        assert_eq!(ids, ["ann", "bob"]);
        assert_eq!((told[0].first_edit_ms, told[0].last_edit_ms), (0, 8));
        assert_eq!(changes.edited(20, "a", None), Heard::First);
    }

    #[test]
    fn edits_without_a_pause_are_told_every_so_often() {
        let mut changes = Changes::new(PACE);
        let mut told = 0;
        for now_ms in 0..=1_000 {
            changes.edited(now_ms, "a", None);
            told += changes.due(now_ms).len();
        }
        assert_eq!(told, 9);
    }

    #[test]
    fn more_documents_than_there_is_room_for_are_told_at_once() {
        let mut changes = Changes::new(PACE);
        for document in 0..DOCUMENTS_MAX {
            assert_eq!(changes.edited(0, &document.to_string(), None), Heard::First);
        }
        assert!(matches!(
            changes.edited(0, "one more", None),
            Heard::NoRoom(_)
        ));
        assert_eq!(changes.edited(1, "7", None), Heard::Before);
        assert_eq!(changes.take_all().len(), DOCUMENTS_MAX);
    }

    #[test]
    fn a_crowd_is_named_up_to_a_limit() {
        let mut changes = Changes::new(PACE);
        for author in 0..80 {
            changes.edited(0, "a", actor(&author.to_string()));
        }
        let told = changes.take_all();
        assert_eq!((told[0].authors.len(), told[0].others), (AUTHORS_MAX, true));
    }
}
