//! Awareness updates: who is here, and where their cursor is.

use std::sync::Arc;

use bytes::Bytes;

use crate::encoding::DecodeError;

/// One client's presence in an awareness update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwarenessEntry {
    /// The Yjs client id (at most 2^53 - 1).
    pub client_id: u64,
    /// Raised by the client at each change and renewal.
    pub clock: u64,
    /// The client's state as JSON text, or `None` where it has left. The text is not parsed.
    pub state: Option<Arc<str>>,
}

/// Decodes an awareness update of at most `entries_max` entries.
pub fn decode(_bytes: &[u8], _entries_max: usize) -> Result<Vec<AwarenessEntry>, DecodeError> {
    unimplemented!()
}

/// Encodes an awareness update.
pub fn encode(_entries: &[AwarenessEntry]) -> Bytes {
    unimplemented!()
}
