//! Keeping versions: the store's part of what the session and people ask for.

use std::time::SystemTime;

use bytes::Bytes;
use unisson_history::{
    Author, Newest, TooDeep, VersionNote, authors_since, is_wanted, superfluous,
};
use unisson_protocol::{DocName, encoding::DecodeError};
use unisson_session::{Chronicle, LoadError, VersionWanted, chronicle, version_body};
use unisson_storage::{Basis, NewVersion, StoreError, StoredVersion, VersionId};

use crate::{crdt, records::RecordError, registry::Shared};

/// Why a version was not kept, or a document's history not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    /// Try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// Only an operator can help.
    #[error("the document is damaged: {0}")]
    Damaged(String),
    /// There is nothing to read any more.
    #[error("{0}")]
    Erased(String),
    /// Nobody can help.
    #[error("the document cannot be shown: {0}")]
    TooDeep(#[from] TooDeep),
}

impl From<DecodeError> for HistoryError {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<StoreError> for HistoryError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(problem) => Self::Unavailable(problem),
            error @ StoreError::Damaged { .. } => Self::Damaged(error.to_string()),
            error @ StoreError::Erased { .. } => Self::Erased(error.to_string()),
        }
    }
}

impl From<RecordError> for HistoryError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Unavailable(problem) => Self::Unavailable(problem),
            error @ RecordError::Unknown => Self::Unavailable(error.to_string()),
            error @ RecordError::Damaged { .. } => Self::Damaged(error.to_string()),
        }
    }
}

impl From<LoadError> for HistoryError {
    fn from(error: LoadError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Reads all that is durable of a document, and the basis of a version of it. Takes a processor
/// and some memory for a while: callers see to it that few do so at a time.
pub(crate) async fn read_chronicle(
    name: &DocName,
    shared: &Shared,
    before_ms: Option<u64>,
) -> Result<(Chronicle, Basis), HistoryError> {
    let stored = shared.store.read(name.as_str()).await?;
    let (parts, basis) = crdt::parts(stored);
    let read = heavy(move || chronicle(&parts, before_ms).map_err(Into::into));
    Ok((read.await?, basis))
}

/// Runs what may take long, or may panic inside the CRDT library, away from the async threads.
pub(crate) async fn heavy<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, HistoryError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(HistoryError::Damaged(format!("reading it failed: {error}"))))
}

/// Keeps the version that a session asks for, unless the newest one says the same; then lets go of
/// what is superfluous.
pub(crate) async fn keep_wanted(
    name: &DocName,
    shared: &Shared,
    wanted: VersionWanted,
) -> Result<(), HistoryError> {
    let versions = shared.store.versions(name.as_str()).await?;
    let newest = versions.last().map(|version| Newest {
        created_ms: version.id.created_ms(),
        last_edit_ms: note_of(version).map_or(0, |note| note.last_edit_ms),
    });
    let pause_ms = shared.settings.limits.version_pause_ms;
    let wants = |last_edit_ms| {
        let now_ms = unix_now_ms();
        is_wanted(newest, last_edit_ms, wanted.leaving, now_ms, pause_ms)
    };
    // Were the last edit this very moment: where not even then, nothing has to be read.
    if !wants(Some(u64::MAX)) {
        return Ok(());
    }
    let _permit = shared.compactions.acquire().await;
    let (chronicle, basis) = read_chronicle(name, shared, wanted.before_ms).await?;
    if !wants(chronicle.last_edit_ms) {
        return Ok(());
    }
    let moment = Moment {
        chronicle: &chronicle,
        basis: &basis,
    };
    keep(name, shared, moment, &versions, VersionNote::default()).await?;
    thin(name, shared, &versions).await
}

/// A document as it was when it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) chronicle: &'a Chronicle,
    pub(crate) basis: &'a Basis,
}

/// Keeps the document as it is, under a name or as what was there before a change.
pub(crate) async fn keep_now(
    name: &DocName,
    shared: &Shared,
    moment: Moment<'_>,
    label: Option<&str>,
    maker: Author,
) -> Result<VersionId, HistoryError> {
    let versions = shared.store.versions(name.as_str()).await?;
    let note = VersionNote {
        label: label.map(Into::into),
        maker: Some(maker),
        ..VersionNote::default()
    };
    keep(name, shared, moment, &versions, note).await
}

/// What is noted of a version; nothing where it is damaged.
pub(crate) fn note_of(version: &StoredVersion) -> Option<VersionNote> {
    VersionNote::decode(version.note.as_ref().ok()?).ok()
}

async fn keep(
    name: &DocName,
    shared: &Shared,
    Moment { chronicle, basis }: Moment<'_>,
    versions: &[StoredVersion],
    note: VersionNote,
) -> Result<VersionId, HistoryError> {
    let since_ms = versions.last().and_then(note_of);
    let since_ms = since_ms.map_or(0, |note| note.last_edit_ms);
    let note = VersionNote {
        last_edit_ms: chronicle.last_edit_ms.unwrap_or(0),
        authors: authors_since(&chronicle.attribution, since_ms),
        ..note
    };
    let (note, body): (Bytes, Bytes) = (note.encode(), version_body(chronicle));
    let version = NewVersion {
        note,
        body,
        at_ms: None,
    };
    let stored = shared.store.put_version(name.as_str(), version, basis);
    let stored = stored.await?;
    shared.metrics.versions.inc();
    Ok(stored)
}

/// Deletes the unnamed versions that hours, days and months need no more. A damaged one is left
/// for the operator.
async fn thin(
    name: &DocName,
    shared: &Shared,
    versions: &[StoredVersion],
) -> Result<(), HistoryError> {
    let told: Vec<(u64, bool)> = versions
        .iter()
        .map(|version| {
            let named = note_of(version).is_none_or(|note| note.label.is_some());
            (version.id.created_ms(), named)
        })
        .collect();
    let thinning = shared.settings.thinning;
    for at in superfluous(&told, unix_now_ms(), &thinning) {
        if let Some(version) = versions.get(at) {
            shared
                .store
                .remove_version(name.as_str(), &version.id)
                .await?;
        }
    }
    Ok(())
}

/// Milliseconds since 1970.
pub(crate) fn unix_now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
