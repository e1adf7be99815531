//! A document for programs that are not written in Rust: every type is named by an id, every value
//! is bytes, every position is checked, and what happened is fetched, never called back.
//!
//! yrs panics at positions outside a type, and a panic ends a WASM instance's document; and it cannot
//! be read from inside its own observers. Hence: [`Replica`] checks first, observers only write into
//! a queue, and [`Replica::take_changes`] and [`Replica::take_events`] empty it afterwards.

mod delta;
mod event;
mod node;
mod parent;
mod position;
mod sequence;
mod snapshot;
mod undo;
mod value;

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use unisson_protocol::scan;
use yrs::{
    Doc, Transact, TransactionMut, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::{
    document::{Document, Received, UpdateError},
    ledger::Content,
};

pub use node::{Kind, NodeError};
pub use undo::{UndoSizes, UndoStep};
pub use value::ValueError;

/// Why a call did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The position is outside the type: yrs would panic.
    #[error("position {index} is outside the type, which has {len}")]
    OutOfRange {
        /// The position, or the end of the range.
        index: u64,
        /// The length of the type.
        len: u32,
    },
    /// The type is not there, or is not what the call is for.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A value cannot be read.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// An update, state vector or position cannot be read.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Another call of the same document has not ended.
    #[error("the document is in use")]
    Busy,
    /// There is no undo manager of this number.
    #[error("no such undo manager")]
    NoUndo,
    /// The document forgets what is deleted, see [`Replica::keeping_deleted`].
    #[error("the document does not keep what is deleted: it has no earlier states")]
    NoPast,
}

/// Something that became part of the document in one transaction.
#[derive(Debug)]
pub struct Change {
    /// The update, format v1.
    pub update: Vec<u8>,
    /// What the transaction was marked with.
    pub origin: Option<String>,
    content: Content,
}

impl Change {
    /// See [`content_numbers`].
    pub fn content(&self) -> Vec<f64> {
        numbers(&self.content)
    }
}

/// What observers saw: the number they were given, and what happened, as an encoded value.
#[derive(Debug)]
pub struct Event {
    /// The number given to [`Replica::observe`].
    pub observer: u32,
    /// The encoded list of what happened, one entry per type.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default)]
struct Journal {
    changes: Vec<Change>,
    events: Vec<Event>,
}

type SharedJournal = Arc<Mutex<Journal>>;

/// A CRDT document. See the module's promises.
pub struct Replica {
    document: Document,
    journal: SharedJournal,
    undo: undo::UndoManagers,
    now: Arc<AtomicU64>,
}

impl Replica {
    /// An empty document. The client id must be below 2^53 and used by nobody else.
    pub fn new(client_id: u64) -> Result<Self, ReplicaError> {
        Self::around(Document::new(client_id))
    }

    /// The same; what was deleted is kept, so that [`Replica::state_at`] can show earlier states.
    pub fn keeping_deleted(client_id: u64) -> Result<Self, ReplicaError> {
        Self::around(Document::with_deleted(client_id, true))
    }

    fn around(document: Document) -> Result<Self, ReplicaError> {
        let journal = SharedJournal::default();
        let writer = Arc::clone(&journal);
        document
            .doc()
            .observe_update_v1("journal", move |transaction, event| {
                let change = Change {
                    update: event.update.clone(),
                    origin: transaction.origin().map(origin_text),
                    content: Content {
                        inserts: transaction.insert_set().clone(),
                        deletes: transaction.delete_set().clone(),
                    },
                };
                locked(&writer).changes.push(change);
            })
            .map_err(|_| ReplicaError::Busy)?;
        Ok(Self {
            document,
            journal,
            undo: undo::UndoManagers::default(),
            now: Arc::default(),
        })
    }

    /// What became part of the document since this was last called, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        mem::take(&mut locked(&self.journal).changes)
    }

    /// What observers saw since this was last called, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        mem::take(&mut locked(&self.journal).events)
    }

    /// The state vector, format v1.
    pub fn state_vector(&self) -> Vec<u8> {
        self.document.state_vector_v1()
    }

    /// What a copy with this state vector misses, and all deletions.
    pub fn diff(&self, state_vector: &[u8]) -> Result<Vec<u8>, ReplicaError> {
        self.document
            .diff_v1(state_vector, &Content::default())
            .map_err(|_| ReplicaError::Malformed("state vector"))
    }

    /// The same, in format v2.
    pub fn diff_v2(&self, state_vector: &[u8]) -> Result<Vec<u8>, ReplicaError> {
        let update = Update::decode_v1(&self.diff(state_vector)?)
            .map_err(|_| ReplicaError::Malformed("update"))?;
        Ok(update.encode_v2())
    }

    /// Takes an update in, under an origin. False says that something before it is missing: nothing
    /// of it was taken in.
    pub fn apply(&mut self, update: &[u8], origin: &str) -> Result<bool, ReplicaError> {
        match self.document.receive_from(update, origin) {
            Ok(Received::Integrated(_)) => Ok(true),
            Ok(Received::Hole) => Ok(false),
            Err(UpdateError::Decode(_) | UpdateError::Apply) => {
                Err(ReplicaError::Malformed("update"))
            }
        }
    }

    /// The same for an update of format v2.
    pub fn apply_v2(&mut self, update: &[u8], origin: &str) -> Result<bool, ReplicaError> {
        let update = Update::decode_v2(update).map_err(|_| ReplicaError::Malformed("update"))?;
        self.apply(&update.encode_v1(), origin)
    }

    fn doc(&self) -> &Doc {
        self.document.doc()
    }

    /// Runs an edit in one transaction, under an origin if there is one.
    fn edit<T>(
        &self,
        origin: Option<&str>,
        edit: impl FnOnce(&mut TransactionMut<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, ReplicaError> {
        let mut transaction = match origin {
            Some(origin) => self.doc().try_transact_mut_with(origin),
            None => self.doc().try_transact_mut(),
        }
        .map_err(|_| ReplicaError::Busy)?;
        edit(&mut transaction)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&yrs::Transaction<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, ReplicaError> {
        let transaction = self.doc().try_transact().map_err(|_| ReplicaError::Busy)?;
        read(&transaction)
    }
}

/// What an update inserts and deletes, flat: the count of inserted ranges, then client, start and end
/// of each; then the deleted ones, uncounted.
pub fn content_numbers(update: &[u8]) -> Result<Vec<f64>, ReplicaError> {
    let scan = scan::update_v1(update).map_err(|_| ReplicaError::Malformed("update"))?;
    Ok(numbers(&Content::from(&scan)))
}

/// Updates as one.
pub fn merge(updates: &[Vec<u8>]) -> Result<Vec<u8>, ReplicaError> {
    yrs::merge_updates_v1(updates.iter().map(Vec::as_slice))
        .map_err(|_| ReplicaError::Malformed("update"))
}

fn numbers(content: &Content) -> Vec<f64> {
    let ranges = |set: &yrs::IdSet| -> Vec<f64> {
        set.iter()
            .flat_map(|(client, ranges)| {
                let client = client.get() as f64;
                ranges
                    .iter()
                    .flat_map(move |range| [client, f64::from(range.start), f64::from(range.end)])
            })
            .collect()
    };
    let inserts = ranges(&content.inserts);
    let mut flat = vec![(inserts.len() / 3) as f64];
    flat.extend(inserts);
    flat.extend(ranges(&content.deletes));
    flat
}

fn origin_text(origin: &yrs::Origin) -> String {
    String::from_utf8_lossy(origin.as_ref()).into_owned()
}

/// A queue that a panic has interrupted is still a queue.
fn locked(journal: &SharedJournal) -> std::sync::MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Checks a range before yrs sees it.
fn check_range(index: u32, len: u32, of: u32) -> Result<(), ReplicaError> {
    let end = u64::from(index) + u64::from(len);
    if end > u64::from(of) {
        return Err(ReplicaError::OutOfRange {
            index: end,
            len: of,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
