//! Awareness updates: who is here, and where their cursor is.

use std::sync::Arc;

use bytes::Bytes;

use crate::encoding::{DecodeError, Reader, Writer};

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

/// The shortest entry: one byte each for id, clock and the length of an empty state.
const ENTRY_BYTES_MIN: usize = 3;

/// Decodes an awareness update of at most `entries_max` entries. Bytes after the last entry are
/// ignored, as y-protocols does; they are gone when the entries are encoded again.
pub fn decode(bytes: &[u8], entries_max: usize) -> Result<Vec<AwarenessEntry>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let count = reader.count(ENTRY_BYTES_MIN)?;
    if count > entries_max {
        return Err(DecodeError::OverLimit {
            what: "awareness entries",
            max: entries_max as u64,
        });
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let client_id = reader.var_uint()?;
        let clock = reader.var_uint()?;
        let text = reader.var_string()?;
        // JSON allows white space around a value, and JSON.parse of the peers sees a null there.
        let gone = text.trim_matches([' ', '\t', '\n', '\r']) == GONE;
        entries.push(AwarenessEntry {
            client_id,
            clock,
            state: (!gone).then(|| text.into()),
        });
    }
    Ok(entries)
}

/// Encodes an awareness update.
pub fn encode(entries: &[AwarenessEntry]) -> Bytes {
    let states: usize = entries.iter().map(|entry| state_text(entry).len()).sum();
    let integers = 1 + 3 * entries.len();
    let mut writer = Writer::with_capacity(states + integers * Writer::INTEGER_BYTES_MAX);
    writer.var_uint(entries.len() as u64);
    for entry in entries {
        writer.var_uint(entry.client_id);
        writer.var_uint(entry.clock);
        writer.var_string(state_text(entry));
    }
    writer.finish()
}

/// The state of a client that has left.
const GONE: &str = "null";

fn state_text(entry: &AwarenessEntry) -> &str {
    entry.state.as_deref().unwrap_or(GONE)
}
