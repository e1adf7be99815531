//! Records: documents that only the server writes, read as plain entries.
//!
//! A record is an ordinary Yjs document with one map, `record`, whose values are texts (JSON, as
//! their owners choose). What two servers wrote at once merges entry by entry; of two values for
//! one entry Yjs keeps one, the same everywhere. Pure: bytes in, bytes out.

use std::collections::BTreeMap;

use bytes::Bytes;
use yrs::{
    Any, Doc, Map, Out, ReadTxn, StateVector, Transact, Update, WriteTxn, updates::decoder::Decode,
};

use crate::{LoadError, StoredParts, whole};

/// The map's name in the document.
const ROOT: &str = "record";

/// What a record says, by key.
pub type Entries = BTreeMap<String, String>;

/// A new value for an entry; `None` takes the entry out.
pub type Change = (String, Option<String>);

/// A record as it was at some moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The document (Yjs update, format v1); empty for one that was never written.
    state: Bytes,
    entries: Entries,
}

impl Record {
    /// Reads what the store has of a record.
    pub fn load(parts: &StoredParts) -> Result<Self, LoadError> {
        Self::of(whole(parts)?.state)
    }

    /// Reads a record out of its document (Yjs update, format v1).
    pub fn of(state: Bytes) -> Result<Self, LoadError> {
        let entries = entries(&doc(0, &state)?)?;
        Ok(Self { state, entries })
    }

    /// What it says.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// The document (Yjs update, format v1).
    pub fn state(&self) -> &Bytes {
        &self.state
    }

    /// The update (format v1) that makes these changes, and the record with them. `client_id` must
    /// be the caller's alone, and no update of it may have been made that is not part of `self`.
    pub fn changed(&self, client_id: u64, changes: &[Change]) -> Result<(Bytes, Self), LoadError> {
        let doc = doc(client_id, &self.state)?;
        let update = {
            let mut txn = doc.transact_mut();
            let before = txn.state_vector();
            let map = txn.get_or_insert_map(ROOT);
            for (key, value) in changes {
                match value {
                    Some(value) => {
                        map.insert(&mut txn, key.as_str(), value.as_str());
                    }
                    None => {
                        map.remove(&mut txn, key);
                    }
                }
            }
            txn.encode_state_as_update_v1(&before)
        };
        let state = doc
            .transact()
            .encode_state_as_update_v1(&StateVector::default());
        let changed = Self {
            state: state.into(),
            entries: entries(&doc)?,
        };
        Ok((update.into(), changed))
    }
}

fn doc(client_id: u64, state: &Bytes) -> Result<Doc, LoadError> {
    let damaged = |problem: String| LoadError::Damaged(format!("record: {problem}"));
    let doc = Doc::with_client_id(client_id);
    if !state.is_empty() {
        let update = Update::decode_v1(state).map_err(|error| damaged(error.to_string()))?;
        let applied = doc.transact_mut().apply_update(update);
        applied.map_err(|error| damaged(error.to_string()))?;
    }
    Ok(doc)
}

fn entries(doc: &Doc) -> Result<Entries, LoadError> {
    let txn = doc.transact();
    let Some(map) = txn.get_map(ROOT) else {
        return Ok(Entries::new());
    };
    map.iter(&txn)
        .map(|(key, value)| match value {
            Out::Any(Any::String(text)) => Ok((key.to_owned(), text.to_string())),
            _ => Err(LoadError::Damaged(format!(
                "record: its entry {key:?} is no text"
            ))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> Change {
        (key.into(), Some(value.into()))
    }

    fn changed(record: &Record, client_id: u64, changes: &[Change]) -> (Bytes, Record) {
        record.changed(client_id, changes).expect("changed")
    }

    #[test]
    fn entries_are_set_replaced_and_taken_out() {
        let (_, record) = changed(&Record::default(), 7, &[set("a", "1"), set("b", "2")]);
        let (_, record) = changed(&record, 7, &[set("a", "3"), ("b".into(), None)]);
        let all: Vec<_> = record.entries().iter().collect();
        assert_eq!(all, [(&"a".to_owned(), &"3".to_owned())]);
        let again = Record::of(record.state().clone()).expect("read");
        assert_eq!(again, record);
    }

    #[test]
    fn the_update_alone_makes_the_change_elsewhere() {
        let (first, record) = changed(&Record::default(), 7, &[set("a", "1")]);
        let (second, record) = changed(&record, 8, &[set("a", "2")]);
        let parts = StoredParts {
            snapshots: Vec::new(),
            updates: vec![first, second],
        };
        let loaded = Record::load(&parts).expect("loaded");
        assert_eq!(loaded.entries(), record.entries());
    }

    #[test]
    fn what_two_servers_wrote_at_once_merges_entry_by_entry() {
        let (base, record) = changed(&Record::default(), 7, &[set("a", "1")]);
        let (ours, _) = changed(&record, 8, &[set("ours", "x"), set("a", "2")]);
        let (theirs, _) = changed(&record, 9, &[set("theirs", "y"), set("a", "3")]);
        let merged = |updates: [&Bytes; 3]| {
            let parts = StoredParts {
                snapshots: Vec::new(),
                updates: updates.into_iter().cloned().collect(),
            };
            Record::load(&parts).expect("loaded").entries().clone()
        };
        let one = merged([&base, &ours, &theirs]);
        assert_eq!(one, merged([&base, &theirs, &ours]));
        assert_eq!(one.keys().collect::<Vec<_>>(), ["a", "ours", "theirs"]);
    }

    #[test]
    fn a_document_that_is_no_record_says_so() {
        let doc = Doc::with_client_id(1);
        let map = doc.get_or_insert_map(ROOT);
        map.insert(&mut doc.transact_mut(), "a", 5);
        let state = doc
            .transact()
            .encode_state_as_update_v1(&StateVector::default());
        let error = Record::of(state.into()).expect_err("refused");
        assert!(error.to_string().contains("\"a\""), "{error}");
        assert!(Record::of(Bytes::from_static(b"\xff\xff")).is_err());
    }
}
