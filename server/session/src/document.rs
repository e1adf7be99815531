//! The CRDT and its waiting room.

use bytes::Bytes;

use crate::Limits;

/// A document read from its store and ready to be edited. Building one can take long: do it away
/// from the async threads, with [`load`].
#[derive(Debug)]
pub struct LoadedDocument {}

/// Why stored bytes are not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A snapshot or a logged update does not decode.
    #[error("{0}")]
    Damaged(String),
}

/// Merges what the store has of a document: bodies of snapshots (as [`crate::compact`] made them)
/// and logged updates, in any order, duplicates allowed.
pub fn load(_parts: &crate::StoredParts, _limits: &Limits) -> Result<LoadedDocument, LoadError> {
    let _ = Bytes::new();
    unimplemented!()
}
