//! Snapshots: what a document's log becomes.

use bytes::Bytes;
use unisson_protocol::{
    encoding::{Reader, Writer},
    scan,
};

use crate::{
    Limits, LoadError,
    document::{Applied, Document},
    image::Image,
};

/// The version of the body that [`compact`] writes.
const BODY_VERSION: u64 = 1;

/// What the store has of one document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredParts {
    /// Bodies of snapshots, as [`compact`] made them.
    pub snapshots: Vec<Bytes>,
    /// Updates of the log (format v1) that no snapshot covers.
    pub updates: Vec<Bytes>,
}

/// What [`condense`] makes.
#[derive(Debug, Clone)]
pub struct Condensed {
    /// The body of a snapshot.
    pub body: Bytes,
    /// The same as the cold form of a document; none where updates wait for missing ones.
    pub image: Option<Image>,
}

/// Merges stored parts into the body of one snapshot that says all they say. The body is opaque
/// to the store; its format is in `docs/storage-format.md`. Takes as long as loading and encoding.
pub fn compact(parts: &StoredParts) -> Result<Bytes, LoadError> {
    Ok(condense(parts)?.body)
}

/// As [`compact`], with the document's cold form beside.
pub fn condense(parts: &StoredParts) -> Result<Condensed, LoadError> {
    let mut document = Document::new(&unlimited());
    replay(parts, &mut document)?;
    let (state, nothing_new) = document.encode_v2()?;
    let mut writer = Writer::default();
    writer.var_uint(BODY_VERSION);
    writer.var_bytes(&state);
    writer.var_uint(document.waiting_updates().count() as u64);
    for update in document.waiting_updates() {
        writer.var_bytes(update);
    }
    let image = (!document.has_waiting())
        .then(|| Image::new(&state, &nothing_new, document.state_vector()));
    Ok(Condensed {
        body: writer.finish(),
        image,
    })
}

/// Opens a document from the body of its only snapshot without a CRDT, where that can be.
pub(crate) fn open_cold(body: &Bytes, limits: &Limits) -> Result<Option<Document>, LoadError> {
    let (state, waiting) = read_body(body)?;
    Ok(match waiting.is_empty() {
        true => Document::open_cold(&state, limits),
        false => None,
    })
}

/// Feeds a document with everything that the store has of it.
pub(crate) fn replay(parts: &StoredParts, document: &mut Document) -> Result<(), LoadError> {
    let mut waiting = Vec::new();
    for body in &parts.snapshots {
        waiting.extend(replay_snapshot(body, document)?);
    }
    for update in waiting.iter().chain(&parts.updates) {
        let damaged = |problem: String| LoadError::Damaged(format!("logged update: {problem}"));
        let scan = scan::update_v1(update).map_err(|error| damaged(error.to_string()))?;
        let applied = document
            .apply(update.clone(), scan)
            .map_err(|error| damaged(error.to_string()))?;
        if document.has_waiting() && matches!(applied, Applied::Integrated(Some(_))) {
            document.release();
        }
    }
    Ok(())
}

fn replay_snapshot(body: &Bytes, document: &mut Document) -> Result<Vec<Bytes>, LoadError> {
    let (state, waiting) = read_body(body)?;
    document.integrate_v2(&state)?;
    Ok(waiting)
}

/// The state (format v2) and the updates that wait for missing ones.
fn read_body(body: &Bytes) -> Result<(Bytes, Vec<Bytes>), LoadError> {
    let damaged = |problem: String| LoadError::Damaged(format!("snapshot body: {problem}"));
    let mut reader = Reader::new(body);
    let read = |reader: &mut Reader<'_>| -> Result<(Bytes, Vec<Bytes>), String> {
        let text = |error: unisson_protocol::encoding::DecodeError| error.to_string();
        let version = reader.var_uint().map_err(text)?;
        if version != BODY_VERSION {
            return Err(format!("version {version} is not known to this program"));
        }
        let state = body.slice_ref(reader.var_bytes().map_err(text)?);
        let count = reader.count(1).map_err(text)?;
        let mut waiting = Vec::new();
        for _ in 0..count {
            waiting.push(body.slice_ref(reader.var_bytes().map_err(text)?));
        }
        Ok((state, waiting))
    };
    read(&mut reader).map_err(damaged)
}

/// What is durable already is never refused.
pub(crate) fn unlimited() -> Limits {
    Limits {
        waiting_bytes_max: usize::MAX,
        waiting_updates_max: usize::MAX,
        ..Limits::default()
    }
}
