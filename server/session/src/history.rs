//! What a document's history is made of, out of what the store has.

use bytes::Bytes;
use unisson_history::{Attribution, entry};
use unisson_protocol::encoding::{Reader, Writer};
use yrs::{
    Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::{
    LoadError, StoredParts,
    compaction::{replay, unlimited},
    document::Document,
};

/// The version of the body that [`version_body`] writes.
const BODY_VERSION: u64 = 1;

/// A document with all that is known of how it came to be.
#[derive(Debug)]
pub struct Chronicle {
    /// The document (Yjs update, format v1).
    pub state: Bytes,
    /// The document (Yjs update, format v2).
    pub state_v2: Bytes,
    /// Who did what.
    pub attribution: Attribution,
    /// When the last edit came, in milliseconds since 1970, where that is known.
    pub last_edit_ms: Option<u64>,
    /// The log's updates (format v1) since the last snapshot: they still have what the document has
    /// deleted.
    pub updates: Vec<Bytes>,
}

/// Reads the chronicle of a document, with all edits or with those before a moment (in milliseconds
/// since 1970), as far as no snapshot has merged later ones. Takes as long as [`crate::compact`].
pub fn chronicle(parts: &StoredParts, before_ms: Option<u64>) -> Result<Chronicle, LoadError> {
    let damaged = |problem: String| LoadError::Damaged(format!("logged update: {problem}"));
    let mut chosen = StoredParts {
        snapshots: parts.snapshots.clone(),
        updates: Vec::new(),
    };
    let mut updates = Vec::new();
    for logged in &parts.updates {
        let entry = entry::open(logged).map_err(|error| damaged(error.to_string()))?;
        let at_ms = entry.written.map(|written| written.at_ms);
        if at_ms.zip(before_ms).is_none_or(|(at, before)| at < before) {
            chosen.updates.push(logged.clone());
            updates.push(entry.update);
        }
    }
    let mut document = Document::new(&unlimited());
    document.attribute();
    let last_edit_ms = replay(&chosen, &mut document)?;
    let (state_v2, _) = document.encode_v2()?;
    Ok(Chronicle {
        state: document.encode_v1()?,
        state_v2,
        attribution: document
            .attribution_mut()
            .map(std::mem::take)
            .unwrap_or_default(),
        last_edit_ms,
        updates,
    })
}

/// The body of a version: opaque to the store; its format is in `docs/storage-format.md`.
pub fn version_body(chronicle: &Chronicle) -> Bytes {
    let mut writer = Writer::with_capacity(chronicle.state_v2.len() + 16);
    writer.var_uint(BODY_VERSION);
    writer.bytes(&chronicle.state_v2);
    writer.finish()
}

/// The state (format v1) in a version's body, and the same in format v2.
pub fn version_state(body: &Bytes) -> Result<(Bytes, Bytes), LoadError> {
    let damaged = |problem: String| LoadError::Damaged(format!("version: {problem}"));
    let mut reader = Reader::new(body);
    let version = reader
        .var_uint()
        .map_err(|error| damaged(error.to_string()))?;
    if version != BODY_VERSION {
        let problem = format!("body version {version} is not known to this program");
        return Err(damaged(problem));
    }
    let state_v2 = body.slice_ref(reader.rest());
    let update = Update::decode_v2(&state_v2).map_err(|error| damaged(error.to_string()))?;
    Ok((Bytes::from(update.encode_v1()), state_v2))
}
