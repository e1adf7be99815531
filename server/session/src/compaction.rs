//! Snapshots: what a document's log becomes.

use bytes::Bytes;
use unisson_history::{Attribution, entry};
use unisson_protocol::{
    encoding::{DecodeError, Reader, Writer},
    scan,
};

use crate::{
    Limits, LoadError,
    document::{Applied, Document},
    image::Image,
};

/// The version of the body that [`compact`] writes.
const BODY_VERSION: u64 = 2;
/// Bodies from before authorship was kept: no time, no attribution, and bare updates wait.
const BODY_VERSION_UNATTRIBUTED: u64 = 1;

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
    document.attribute();
    let last_edit_ms = replay(parts, &mut document)?;
    let (state, nothing_new) = document.encode_v2()?;
    let mut writer = Writer::default();
    writer.var_uint(BODY_VERSION);
    // Zero stands for unknown: nobody edited in 1970.
    writer.var_uint(last_edit_ms.unwrap_or(0));
    writer.var_bytes(&state);
    writer.var_uint(document.waiting().count() as u64);
    for entry in document.waiting_entries() {
        writer.var_bytes(&entry);
    }
    let attribution = document.attribution_mut();
    writer.var_bytes(&attribution.map(|known| known.encode()).unwrap_or_default());
    let image = (!document.has_waiting())
        .then(|| Image::new(&state, &nothing_new, document.state_vector()));
    Ok(Condensed {
        body: writer.finish(),
        image,
    })
}

/// Opens a document from the body of its only snapshot without a CRDT, where that can be; says when
/// the last edit came, too.
pub(crate) fn open_cold(
    body: &Bytes,
    limits: &Limits,
) -> Result<Option<(Document, Option<u64>)>, LoadError> {
    let body = Body::read(body).map_err(LoadError::Damaged)?;
    if !body.waiting.is_empty() {
        return Ok(None);
    }
    let document = Document::open_cold(&body.state, limits);
    Ok(document.map(|document| (document, body.last_edit_ms)))
}

/// Feeds a document with everything that the store has of it; says when the last edit came, in
/// milliseconds since 1970, where that is known.
pub(crate) fn replay(
    parts: &StoredParts,
    document: &mut Document,
) -> Result<Option<u64>, LoadError> {
    let mut waiting = Vec::new();
    let mut last_edit_ms = None;
    for body in &parts.snapshots {
        let body = Body::read(body).map_err(LoadError::Damaged)?;
        document.integrate_v2(&body.state)?;
        last_edit_ms = last_edit_ms.max(body.last_edit_ms);
        if let Some(known) = document.attribution_mut() {
            known.merge(&body.attribution().map_err(LoadError::Damaged)?);
        }
        waiting.extend(body.waiting);
    }
    for logged in waiting.iter().chain(&parts.updates) {
        let damaged = |problem: String| LoadError::Damaged(format!("logged update: {problem}"));
        let entry = entry::open(logged).map_err(|error| damaged(error.to_string()))?;
        let scan = scan::update_v1(&entry.update).map_err(|error| damaged(error.to_string()))?;
        last_edit_ms = last_edit_ms.max(entry.written.as_ref().map(|written| written.at_ms));
        document.written_by(entry.written);
        let applied = document
            .apply(entry.update, scan)
            .map_err(|error| damaged(error.to_string()))?;
        if document.has_waiting() && matches!(applied, Applied::Integrated(Some(_))) {
            document.release();
        }
    }
    Ok(last_edit_ms)
}

/// A snapshot's body, taken apart.
struct Body {
    state: Bytes,
    waiting: Vec<Bytes>,
    last_edit_ms: Option<u64>,
    attribution: Bytes,
}

impl Body {
    fn read(body: &Bytes) -> Result<Self, String> {
        let damaged = |problem: String| format!("snapshot body: {problem}");
        let text = |error: DecodeError| damaged(error.to_string());
        let mut reader = Reader::new(body);
        let version = reader.var_uint().map_err(text)?;
        if !(BODY_VERSION_UNATTRIBUTED..=BODY_VERSION).contains(&version) {
            let problem = format!("version {version} is not known to this program");
            return Err(damaged(problem));
        }
        let attributed = version > BODY_VERSION_UNATTRIBUTED;
        let last_edit_ms = match attributed {
            true => reader.var_uint().map_err(text)?,
            false => 0,
        };
        let state = body.slice_ref(reader.var_bytes().map_err(text)?);
        let count = reader.count(1).map_err(text)?;
        let mut waiting = Vec::new();
        for _ in 0..count {
            waiting.push(body.slice_ref(reader.var_bytes().map_err(text)?));
        }
        let attribution = match attributed {
            true => body.slice_ref(reader.var_bytes().map_err(text)?),
            false => Bytes::new(),
        };
        Ok(Self {
            state,
            waiting,
            last_edit_ms: (last_edit_ms > 0).then_some(last_edit_ms),
            attribution,
        })
    }

    fn attribution(&self) -> Result<Attribution, String> {
        if self.attribution.is_empty() {
            return Ok(Attribution::default());
        }
        Attribution::decode(&self.attribution)
            .map_err(|error| format!("snapshot body: attribution: {error}"))
    }
}

/// What is durable already is never refused.
pub(crate) fn unlimited() -> Limits {
    Limits {
        waiting_bytes_max: usize::MAX,
        waiting_updates_max: usize::MAX,
        ..Limits::default()
    }
}
