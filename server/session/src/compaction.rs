//! Snapshots: what a document's log becomes.

use bytes::Bytes;

/// What the store has of one document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredParts {
    /// Bodies of snapshots, as [`compact`] made them.
    pub snapshots: Vec<Bytes>,
    /// Updates of the log (format v1) that no snapshot covers.
    pub updates: Vec<Bytes>,
}

/// Why stored parts could not be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CompactError(pub String);

/// Merges stored parts into the body of one snapshot that says all they say. The body is opaque
/// to the store; its format is in `docs/storage-format.md`. Takes as long as loading and encoding.
pub fn compact(_parts: &StoredParts) -> Result<Bytes, CompactError> {
    unimplemented!()
}
