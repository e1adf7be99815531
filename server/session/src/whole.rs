//! Whole documents going out of the system and coming into it.

use bytes::Bytes;
use unisson_protocol::{encoding::DecodeError, scan};
use yrs::{
    Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::{
    LoadError, StoredParts,
    compaction::{replay, unlimited},
    document::{Applied, Document, Refusal},
};

/// A document as any Yjs program reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeDocument {
    /// Everything that can be read now, as one update (format v1).
    pub state: Bytes,
    /// Updates (format v1) that still miss something. Who applies them too has all there is.
    pub waiting: Vec<Bytes>,
    /// When it was last edited, as far as anybody knows.
    pub last_edit_ms: Option<u64>,
}

/// What a document must additionally get to have all of some updates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// Updates (format v1) to append, in this order; none where the document has everything.
    pub updates: Vec<Bytes>,
    /// How many of them wait for something that neither side has.
    pub waiting: usize,
}

/// Why updates cannot be merged into a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The stored document cannot be read.
    #[error("the document in the store: {0}")]
    Stored(#[from] LoadError),
    /// What should be merged is not a Yjs update, or one that the server does not accept.
    #[error("not an update that can be merged: {0}")]
    Refused(String),
}

/// Loads what the store has and gives it whole. Takes as long as loading and encoding.
pub fn whole(parts: &StoredParts) -> Result<WholeDocument, LoadError> {
    let mut document = Document::new(&unlimited());
    let last_edit_ms = replay(parts, &mut document)?;
    Ok(WholeDocument {
        last_edit_ms,
        state: document.encode_v1()?,
        waiting: document.waiting().cloned().collect(),
    })
}

/// Says what must be appended to a stored document so that it has all of `updates` (format v1).
/// Nothing of the document is replaced: what it has already is left out. An update with gaps is
/// parted, so that all that can be read is read, and the rest waits.
pub fn merge(parts: &StoredParts, updates: &[Bytes]) -> Result<Merged, MergeError> {
    let mut document = Document::new(&unlimited());
    replay(parts, &mut document)?;
    let mut merged = Merged::default();
    for update in updates {
        let refused = |error: DecodeError| MergeError::Refused(error.to_string());
        let (now, later) = scan::split_v1(update, document.clocks()).map_err(refused)?;
        for part in std::iter::once(now).chain(later) {
            merge_part(&mut document, part, &mut merged)?;
        }
    }
    merged.waiting = merged.waiting.min(document.waiting().count());
    Ok(merged)
}

fn merge_part(document: &mut Document, part: Bytes, merged: &mut Merged) -> Result<(), MergeError> {
    let scan = scan::update_v1(&part).map_err(|error| MergeError::Refused(error.to_string()))?;
    if scan.is_empty() {
        return Ok(());
    }
    let waited = document.waiting().count();
    let applied = document.apply(part.clone(), scan);
    let applied = applied.map_err(|refusal| match refusal {
        Refusal::Damaged(fault) => MergeError::Stored(fault),
        refusal => MergeError::Refused(refusal.to_string()),
    });
    match applied? {
        Applied::Integrated(None) => {}
        Applied::Integrated(Some(new)) => {
            merged.updates.push(new);
            document.release();
        }
        // The log must have what waits as it came; the part of it that was integrated is in it.
        Applied::Waiting(..) | Applied::NoRoom(_) => {
            if document.waiting().count() > waited {
                merged.updates.push(part);
                merged.waiting += 1;
            }
        }
    }
    Ok(())
}

/// An update of format v2 in format v1.
pub fn update_v1_of_v2(update: &[u8]) -> Result<Bytes, MergeError> {
    let decoded = Update::decode_v2(update);
    let decoded = decoded.map_err(|error| MergeError::Refused(error.to_string()))?;
    let update = Bytes::from(decoded.encode_v1());
    scan::update_v1(&update).map_err(|error| MergeError::Refused(error.to_string()))?;
    Ok(update)
}

/// An update of format v1 in format v2.
pub fn update_v2_of_v1(update: &[u8]) -> Result<Bytes, LoadError> {
    let decoded = Update::decode_v1(update);
    let decoded = decoded.map_err(|error| LoadError::Damaged(error.to_string()))?;
    Ok(Bytes::from(decoded.encode_v2()))
}
