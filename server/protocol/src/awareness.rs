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

/// The same, read where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence<'a> {
    /// The Yjs client id (at most 2^53 - 1).
    pub client_id: u64,
    /// Raised by the client at each change and renewal.
    pub clock: u64,
    /// The client's state as JSON text, or `None` where it has left. The text is not parsed.
    pub state: Option<&'a str>,
}

/// The shortest entry: one byte each for id, clock and the length of an empty state.
const ENTRY_BYTES_MIN: usize = 3;

/// Reads an awareness update of at most `entries_max` entries. Bytes after the last entry are
/// ignored, as y-protocols does; they are gone when the entries are written again.
pub fn read(bytes: &[u8], entries_max: usize) -> Result<Vec<Presence<'_>>, DecodeError> {
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
        entries.push(Presence {
            client_id,
            clock,
            state: (!gone).then_some(text),
        });
    }
    Ok(entries)
}

/// Writes an awareness update.
pub fn write(entries: &[Presence<'_>]) -> Bytes {
    let text = |entry: &Presence<'_>| entry.state.map_or(GONE.len(), str::len);
    let states: usize = entries.iter().map(text).sum();
    let integers = 1 + 3 * entries.len();
    let mut writer = Writer::with_capacity(states + integers * Writer::INTEGER_BYTES_MAX);
    writer.var_uint(entries.len() as u64);
    for entry in entries {
        writer.var_uint(entry.client_id);
        writer.var_uint(entry.clock);
        writer.var_string(entry.state.unwrap_or(GONE));
    }
    writer.finish()
}

/// As [`read`], with copies of the states.
pub fn decode(bytes: &[u8], entries_max: usize) -> Result<Vec<AwarenessEntry>, DecodeError> {
    let owned = |entry: Presence<'_>| AwarenessEntry {
        client_id: entry.client_id,
        clock: entry.clock,
        state: entry.state.map(Arc::from),
    };
    let entries = read(bytes, entries_max)?;
    Ok(entries.into_iter().map(owned).collect())
}

/// As [`write()`], of owned entries.
pub fn encode<'a>(entries: &'a [AwarenessEntry]) -> Bytes {
    let borrowed = |entry: &'a AwarenessEntry| Presence {
        client_id: entry.client_id,
        clock: entry.clock,
        state: entry.state.as_deref(),
    };
    let entries: Vec<Presence<'a>> = entries.iter().map(borrowed).collect();
    write(&entries)
}

/// The state of a client that has left.
const GONE: &str = "null";
