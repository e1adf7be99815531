//! Durable documents as opaque bytes: an append-only log, immutable snapshots, recovery.
//!
//! Promises:
//! * [`Store::append`] resolves with `Ok` only after the bytes are on stable storage;
//! * nothing is overwritten: segments and snapshots are immutable, checksummed and uniquely named,
//!   and are deleted only when a newer snapshot, read back and verified, covers them;
//! * a missing or damaged object fails closed, with its name in the error.
//!
//! There is no CRDT here: callers replay and merge. The format is in `docs/storage-format.md`.

use std::{future::Future, path::PathBuf};

use bytes::Bytes;

/// Where and how to store.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The data folder; created where it is missing.
    pub dir: PathBuf,
}

/// An open store; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {}

/// What the store has of one document.
#[derive(Debug, Clone)]
pub struct StoredDocument {
    /// Bodies of the snapshots that no other snapshot replaces, newest last.
    pub snapshots: Vec<Bytes>,
    /// Logged updates that no snapshot covers, in the order of the log.
    pub updates: Vec<Bytes>,
    /// Which log entries and snapshots this is: the basis of the next snapshot.
    pub basis: Basis,
}

/// What a snapshot merges: log intervals and parent snapshots.
#[derive(Debug, Clone)]
pub struct Basis {}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {}

/// Why an append is not durable.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// No space left, or over quota: nothing was written; try again later.
    #[error("the disk is full")]
    Full,
    /// The store does not answer, or its queue is full: try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// Why a document could not be read, or a snapshot not be stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// An object is damaged or missing.
    #[error("{object}: {problem}")]
    Damaged {
        /// The object's name.
        object: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Store {
    /// Opens (or creates) a store and recovers what an earlier process left.
    pub async fn open(_settings: StoreSettings) -> Result<Self, OpenError> {
        unimplemented!()
    }

    /// Queues one update. It is in the log's order as soon as this returns; the future resolves
    /// once it is durable. Dropping the future does not cancel the append.
    pub fn append(
        &self,
        _name: &str,
        _update: Bytes,
    ) -> impl Future<Output = Result<(), AppendError>> + Send + 'static + use<> {
        async { unimplemented!() }
    }

    /// Everything durable of one document; empty for one that was never written.
    pub async fn read(&self, _name: &str) -> Result<StoredDocument, StoreError> {
        unimplemented!()
    }

    /// Stores a snapshot that says all that `basis` says.
    pub async fn put_snapshot(
        &self,
        _name: &str,
        _body: Bytes,
        _basis: Basis,
    ) -> Result<(), StoreError> {
        unimplemented!()
    }

    /// Flushes, seals the open segment and stops the committer.
    pub async fn close(&self) -> Result<(), AppendError> {
        unimplemented!()
    }
}
